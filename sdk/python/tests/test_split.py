"""Splitters: fixtures at every slicing."""

from dataclasses import asdict
from typing import Any

import pytest
from fixtures_of import fixtures

from patchbay_sdk import Failure, FailureKind
from patchbay_sdk.split import LineSplitter, SseSplitter, Utf8Splitter
from patchbay_sdk.testing import every_cut


def lines(pieces: list[bytes]) -> list[str]:
    splitter = LineSplitter()
    found = [line for piece in pieces for line in splitter.push(piece)]
    last = splitter.finish()
    return [line.decode() for line in [*found, *([] if last is None else [last])]]


def events(pieces: list[bytes]) -> list[dict[str, Any]]:
    splitter = SseSplitter()
    found = [event for piece in pieces for event in splitter.push(piece)]
    last = splitter.finish()
    found += [] if last is None else [last]
    return [asdict(event) | {"data": event.data.decode()} for event in found]


@pytest.mark.parametrize("fixture", fixtures("lines"), ids=lambda it: it["name"])
def test_every_slicing_gives_the_same_lines(fixture: dict[str, Any]) -> None:
    for pieces in every_cut(fixture["input"].encode()):
        assert lines(pieces) == fixture["expected"], pieces


@pytest.mark.parametrize("fixture", fixtures("sse"), ids=lambda it: it["name"])
def test_every_slicing_gives_the_same_events(fixture: dict[str, Any]) -> None:
    for pieces in every_cut(fixture["input"].encode()):
        assert events(pieces) == fixture["expected"], pieces


@pytest.mark.parametrize(
    "data",
    [
        "plain, é, €, 😀".encode(),
        b"bad \xff\xfe middle \xc3( end",
        b"cut \xf0\x9f\x98",
        b"\xe2\x82\xe2\x82\xac",
        b"\xed\xa0\x80 surrogate",
        b"",
    ],
)
def test_every_slicing_gives_the_text_of_the_whole(data: bytes) -> None:
    for pieces in every_cut(data):
        splitter = Utf8Splitter()
        text = "".join(splitter.push(piece) for piece in pieces) + splitter.finish()
        assert text == data.decode(errors="replace"), pieces


def test_a_line_over_the_limit_fails() -> None:
    splitter = LineSplitter(4)
    assert splitter.push(b"abcd\n") == [b"abcd"]
    assert splitter.push(b"ab") == []
    with pytest.raises(Failure) as caught:
        splitter.push(b"cde")
    assert caught.value.kind == FailureKind.UPSTREAM_ERROR


@pytest.mark.parametrize("data", [b"data: xxxx\n" * 10, b"data: " + b"x" * 40, b":" * 33])
def test_an_event_over_the_limit_fails(data: bytes) -> None:
    with pytest.raises(Failure):
        SseSplitter(32).push(data)


def test_events_within_the_limit_have_no_end() -> None:
    splitter = SseSplitter(32)
    assert all(len(splitter.push(b"data: x\n\n")) == 1 for _ in range(100))
