"""What checks of the mock vendors are made of: their list, and what they have in common."""

import json
import urllib.error
import urllib.request

import story

RESULTS = {"get_weather": "It is 21 degrees.", "get_time": "It is half past nine."}
CALLS = [story.WEATHER, story.TIME]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
CHECKS = []


def check(vendor):
    """Registers a check: a function of (url, description of the vendor)."""
    def register(function):
        CHECKS.append((vendor, function))
        return function
    return register


def same(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


def refused(kind, call):
    """The mock has to refuse the call; the violation is expected."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"a wrong request was accepted where {kind} was expected")


def rejects(url, body, headers=None):
    """A body that no official client would send is refused with a 4xx status."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {
        "content-type": "application/json", **(headers or {})})
    try:
        DIRECT.open(request, timeout=10)
    except urllib.error.HTTPError as answer:
        assert 400 <= answer.code < 500, answer
        return
    raise AssertionError(f"{body} was accepted")
