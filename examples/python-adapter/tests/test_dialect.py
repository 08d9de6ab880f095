"""The dialect, in CPython: requests against golden files, replies at every slicing."""

import json
from pathlib import Path

import pytest
from patchbay_sdk import Failure, FailureKind, ResponseHead, testing

from cirrus.dialect import CirrusDialect

TESTS = Path(__file__).parent
DIALECT = CirrusDialect()
STREAM = testing.Replay(DIALECT, testing.chat_stream("nimbus"))
WHOLE = testing.Replay(DIALECT, testing.chat("nimbus"))


def reply(name: str) -> bytes:
    return (TESTS / "replies" / name).read_bytes()


def test_the_manifest_is_one_that_a_gateway_takes() -> None:
    testing.assert_manifest(TESTS.parent / "dialect.json")


@pytest.mark.parametrize("case", testing.chat_cases(), ids=lambda case: case.name)
def test_each_request_is_written_in_the_dialect(case: testing.Case) -> None:
    value = testing.encoded_value(DIALECT, testing.chat("nimbus"), case.request)
    testing.assert_golden(TESTS / "golden" / f"{case.name}.json", value)


@pytest.mark.parametrize("name", ["text", "tools"])
def test_a_stream_gives_the_same_documents_at_every_slicing(name: str) -> None:
    body = reply(f"{name}.jsonl")
    documents = STREAM.at_every_slicing(body)
    testing.assert_golden(TESTS / "golden" / f"reply_{name}.json", documents)
    STREAM.at_every_truncation(body)


def test_a_whole_reply_is_one_document() -> None:
    documents = WHOLE.at_every_slicing(reply("whole.json"))
    testing.assert_golden(TESTS / "golden" / "reply_whole.json", documents)
    WHOLE.at_every_truncation(reply("whole.json"))


def test_a_fault_in_a_stream_is_a_failure() -> None:
    with pytest.raises(Failure) as caught:
        STREAM.at_every_slicing(reply("fault.jsonl"))
    assert caught.value.kind == FailureKind.UPSTREAM_OVERLOADED
    assert caught.value.retry_after_ms == 1500


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("malformed", FailureKind.INVALID_REQUEST),
        ("engine", FailureKind.NOT_FOUND),
        ("too-much", FailureKind.CONTEXT_TOO_LONG),
        ("unfit", FailureKind.CONTENT_FILTERED),
        ("quota", FailureKind.UPSTREAM_RATE_LIMITED),
        ("new", FailureKind.UPSTREAM_ERROR),
    ],
)
def test_each_fault_has_its_kind(code: str, kind: FailureKind) -> None:
    body = json.dumps({"fault": {"code": code, "words": "w", "member": "heat"}}).encode()
    failure = DIALECT.explain(testing.chat("nimbus"), ResponseHead(400), body)
    assert (failure.kind, failure.param, failure.upstream_code) == (kind, "heat", code)


def test_another_operation_is_not_known() -> None:
    with pytest.raises(Failure) as caught:
        DIALECT.plan(testing.embeddings("nimbus"))
    assert caught.value.kind == FailureKind.NOT_FOUND
