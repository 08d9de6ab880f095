"""Manifests: everything that a gateway would refuse."""

import json
from typing import Any

import pytest

from patchbay_sdk import manifest

GOOD: dict[str, Any] = {
    "name": "example",
    "version": "1.0.0",
    "kind": "http-adapter",
    "contract": "0.1",
    "description": "An example",
    "adapter": {"default_dialect": "openai-chat"},
    "credentials": [{"slot": "api_key", "uses": ["bearer"], "hint": "A key"}],
    "settings": {"type": "object"},
}
VECTOR = {"kind": "prepare", "expect": {"path": "/"}}
PRESET = {"default_dialect": "d", "presets": {"p": {"description": "P", "base_url": "ftp://p"}}}


def problems(**changes: Any) -> list[str]:
    return manifest.problems(json.dumps({**GOOD, **changes}))


def test_a_good_manifest_has_no_problem() -> None:
    assert problems() == []
    assert problems(limits={"call_ms": 10}, self_test=[VECTOR], dialect=None) == []


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("name", "Big Name", "name"),
        ("name", 7, "name"),
        ("version", "1 beta", "version"),
        ("kind", "adapter", "kind"),
        ("kind", "normalizer", "the member dialect"),
        ("contract", "9", "contract"),
        ("description", "", "description"),
        ("settings", [], "settings"),
        ("credentials", [{"slot": "k", "uses": ["cookie"]}], "uses"),
        ("credentials", [{"slot": "k", "uses": ["env:KEY"]}], "uses"),
        ("credentials", [{"slot": "k", "uses": []}], "uses"),
        ("credentials", [{"slot": "K", "uses": ["basic"]}], "slot"),
        ("credentials", [{"slot": "k", "uses": ["basic"]}] * 2, "twice"),
        ("credentials", [{"slot": "k", "uses": ["basic"], "required": True}], "hint"),
        ("credentials", ["k"], "credentials[0]"),
        ("adapter", {"default_dialect": "A B"}, 'dialect "A B"'),
        ("adapter", {}, "default_dialect"),
        ("adapter", PRESET, "base_url"),
        ("limits", {"call_ms": 0}, "limits"),
        ("limits", {"calls": 1}, "limits.calls"),
        ("sdk", {"name": "x"}, "sdk.version"),
        ("self_test", [1], "self_test[0] is no object"),
        ("self_test", [{}], "self_test[0] kind null is none of prepare"),
        ("self_test", [VECTOR | {"kind": "plan"}], 'kind "plan" is none of prepare'),
        ("self_test", [VECTOR | {"expect": {}}], "(prepare) expects nothing"),
        ("self_test", [VECTOR | {"expect": {"pth": "/"}}], '(prepare) answers no "pth"'),
        ("self_test", [VECTOR | {"hedaers": {}}], '(prepare) has no argument "hedaers"'),
        ("self_test", [VECTOR] * 65, "self_test has more than 64 vectors"),
        ("colour", "red", "colour"),
    ],
)
def test_each_member_that_is_wrong_is_named(member: str, value: Any, named: str) -> None:
    found = problems(**{member: value})
    assert any(named in problem for problem in found), found


@pytest.mark.parametrize(
    ("operations", "endpoints", "good"),
    [
        ([], ["POST /v1/messages", "POST /v1/messages/count_tokens"], True),
        (["chat", "count-tokens"], [], True),
        ([], [], False),
        (["sing"], [], False),
        (["chat"], ["GET /v1/messages"], False),
        (["chat"], ["POST /v1//x"], False),
        (["chat"], ["POST /v1/chat/completions"], False),
        (["chat"], ["POST /v1/x", "POST /v1/x"], False),
    ],
)
def test_a_dialect_has_operations_or_endpoints(
    operations: list[str], endpoints: list[str], good: bool
) -> None:
    dialect = {"name": "d", "operations": operations, "endpoints": endpoints}
    found = problems(kind="normalizer", adapter=None, credentials=[], dialect=dialect)
    assert (found == []) is good, found


@pytest.mark.parametrize("text", ["", "[]", "{}", "x" * (manifest.MAX_BYTES + 1)])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    assert manifest.problems(text)
