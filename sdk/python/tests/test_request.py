"""What encoders need."""

from typing import Any

import pytest

from patchbay_sdk import Failure, FailureKind, RequestHead, ResponseHead, request
from patchbay_sdk.request import DataUrl, Dropped


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,AA==", ("image/png", "AA==")),
        ("DATA:image/jpeg;name=a;base64,AA", ("image/jpeg", "AA")),
        ("data:;base64,AA", ("text/plain", "AA")),
        ("data:text/plain,hello", None),
        ("data:image/png;base64,A A", None),
        ("data:image/png", None),
        ("https://example.com/a.png", None),
        ("", None),
    ],
)
def test_only_addresses_with_base64_hold_content(
    url: str, expected: tuple[str, str] | None
) -> None:
    found = DataUrl.parse(url)
    assert (found and (found.media_type, found.base64)) == expected


@pytest.mark.parametrize(
    ("text", "segment"), [("..", "%2E%2E"), ("../x", "..%2Fx"), ("é?#", "%C3%A9%3F%23"), ("a", "a")]
)
def test_a_model_name_cannot_climb_out_of_its_segment(text: str, segment: str) -> None:
    assert request.path_segment(text) == segment


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ("hi", "messages"),
        ([1], "messages[0]"),
        ([{"role": "user"}, {"content": "x"}], "messages[1].role"),
    ],
)
def test_messages_that_are_none_are_named(messages: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        request.messages({"messages": messages})
    assert (caught.value.kind, caught.value.param) == (FailureKind.INVALID_REQUEST, param)


def test_content_is_always_a_list_of_parts() -> None:
    assert request.content_parts("a", "p") == [{"type": "text", "text": "a"}]
    assert request.content_parts(None, "p") == []
    assert request.content_parts([{"type": "x"}], "p") == [{"type": "x"}]
    with pytest.raises(Failure) as caught:
        request.content_parts(["a"], "p")
    assert caught.value.param == "p[0]"


def test_dropped_members_are_bounded_and_fit_a_header() -> None:
    dropped = Dropped()
    dropped.add_members("a.", {"ok": 1, "é": 1, "b c": 1, "none": None})
    assert dropped.paths == ["a.ok"]
    for at in range(200):
        dropped.add(f"n{at}")
    assert len(dropped.paths) == Dropped.MAX


def test_heads_are_changed_by_copy() -> None:
    head = RequestHead.post("/chat?x=1").with_header("A", "1")
    changed = head.with_path_prefix("/v2").with_query("y", "2").with_header("b", "3")
    assert changed.path_and_query == "/v2/chat?x=1&y=2"
    assert (changed.header("a"), changed.header("B"), changed.header("c")) == ("1", "3", None)
    assert (head.path_and_query, len(head.headers)) == ("/chat?x=1", 1)
    assert ResponseHead(429).with_header("Retry-After", "3").header("retry-after") == "3"
