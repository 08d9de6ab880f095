"""The test kit catches what it is there to catch."""

from collections.abc import Callable
from pathlib import Path

import pytest
from echo import EchoApi

from patchbay_sdk import (
    Call,
    CallerFailure,
    Decoder,
    Document,
    ExchangePlan,
    Failure,
    Normalizer,
    ReplyIdentity,
    RequestHead,
    ResponseHead,
    log,
    reply,
    testing,
)
from patchbay_sdk.testing import Replay

STREAM, WHOLE = testing.chat_stream("m"), testing.chat("m")


class Naive(Normalizer):
    """Sends what it reads as text, and believes every end."""

    def plan(self, call: Call) -> ExchangePlan:
        return ExchangePlan.rewritten(RequestHead.post("/"))

    def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
        return NaiveDecoder(call, identity, head)


class NaiveDecoder(Decoder):
    def __init__(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> None:
        super().__init__(call, identity, head)
        self.reply = reply.ReplyWriter(Call("chat", call.model, streaming=True), identity)

    def push(self, chunk: bytes) -> list[Document]:
        self.reply.text(chunk.decode(errors="replace"))
        return self.reply.take()

    def finish(self, clean: bool) -> list[Document]:
        return self.reply.end()


@pytest.mark.parametrize(
    "check",
    [
        lambda: Replay(Naive(), STREAM).at_every_slicing(b"ab"),
        lambda: Replay(Naive(), STREAM, joins_text=True).at_every_slicing("é".encode()),
        lambda: Replay(Naive(), STREAM).at_every_truncation(b"ab"),
        lambda: Replay(Naive(), WHOLE).decode([b"a"]),
    ],
    ids=["minds the slicing", "cuts characters", "believes every end", "streams unasked"],
)
def test_a_decoder_that_is_wrong_is_caught(check: Callable[[], object]) -> None:
    with pytest.raises(AssertionError):
        check()


def test_joined_texts_are_one_whatever_the_slicing() -> None:
    documents = Replay(Naive(), STREAM, joins_text=True).at_every_slicing(b"abc")
    texts = [it["choices"][0]["delta"].get("content") for it in documents]
    assert texts == ["", "abc", None]


def test_a_failure_that_is_the_same_for_every_slicing_is_raised() -> None:
    class Broken(Naive):
        def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
            return Normalizer.decode(self, call, identity, head)

    with pytest.raises(Failure):
        Replay(Broken(), STREAM).at_every_slicing(b"abc")


def test_every_cut_is_whole_and_always_the_same() -> None:
    data = bytes(at % 251 for at in range(10_000))
    cuts = list(testing.every_cut(data))
    assert all(b"".join(pieces) == data for pieces in cuts)
    assert len(cuts) == 2 + 64
    assert cuts == list(testing.every_cut(data))
    assert len(list(testing.every_cut(b"abc"))) == 1 + 1 + 4 + 6


@pytest.mark.parametrize(
    ("actual", "difference"),
    [
        ({"a": [1, {"b": 2}], "c": 3}, None),
        ({"a": [1, {"b": 5}], "c": 3}, "/a/1/b: expected 2, found 5"),
        ({"a": [1], "c": 3}, '/a/1: expected {"b": 2}, found nothing'),
        ({"a": [1, {"b": 2}], "c": 3, "d": 4}, "/d: expected nothing, found 4"),
        ({"a": [True, {"b": 2}], "c": 3}, "/a/0: expected 1, found true"),
    ],
)
def test_the_first_difference_is_named(actual: object, difference: str | None) -> None:
    expected = {"a": [1, {"b": 2}], "c": 3}
    assert testing.first_difference(expected, actual) == difference


def test_a_golden_file_is_written_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "golden.json"
    monkeypatch.delenv("PATCHBAY_BLESS", raising=False)
    with pytest.raises(AssertionError, match="is not there"):
        testing.assert_golden(file, {"a": 1})
    monkeypatch.setenv("PATCHBAY_BLESS", "1")
    testing.assert_golden(file, {"a": 1})
    monkeypatch.delenv("PATCHBAY_BLESS")
    testing.assert_golden(file, {"a": 1})
    with pytest.raises(AssertionError, match="/a: expected 1, found 2"):
        testing.assert_golden(file, {"a": 2})


def test_the_cases_are_those_of_the_rust_sdk() -> None:
    names = [case.name for case in testing.chat_cases()]
    assert "plain_text" in names
    assert len(names) >= 26
    assert all("messages" in case.request for case in testing.chat_cases())
    assert all("input" in case.request for case in testing.embeddings_cases())


def test_a_client_api_is_tried_from_both_sides() -> None:
    api = EchoApi()
    decoded, canonical = testing.decode(api, "/v1/ask", {"model": "m", "question": "Why?"})
    assert canonical["messages"] == [{"role": "user", "content": "Why?"}]
    document = {"choices": [{"message": {"content": "So."}}]}
    assert testing.encode_reply(api, decoded, [document]) == b"So."
    failure = CallerFailure("rate-limited", "slow down")
    assert testing.fail_reply(api, decoded, [document], failure) == b"So.slow down"
    with pytest.raises(Failure):
        testing.decode(api, "/v1/ask", {"model": "m"})


def test_lines_that_were_logged_are_kept_for_tests() -> None:
    testing.logged()
    log.warn("twice")
    assert testing.logged() == [("warn", "twice")]
    assert testing.logged() == []
