"""The dialect, in CPython: a recorded reply, cut in every way."""

from pathlib import Path

import pytest
from patchbay_sdk import Failure, json_text, testing

from my_plugin.dialect import MyPluginDialect

TESTS = Path(__file__).parent
DIALECT = MyPluginDialect()
STREAM = testing.Replay(DIALECT, testing.chat_stream("small"))


def test_the_manifest_is_one_that_a_gateway_takes() -> None:
    testing.assert_manifest(TESTS.parent / "dialect.json")


@pytest.mark.parametrize("case", testing.chat_cases(), ids=lambda case: case.name)
def test_each_request_is_written_for_the_provider(case: testing.Case) -> None:
    encoded = testing.encode(DIALECT, testing.chat("small"), case.request)
    assert json_text.read(encoded.body)["messages"] == case.request["messages"]
    assert set(encoded.dropped) == case.request.keys() - {"messages", "stream_options"}


def test_a_recorded_reply_gives_the_same_documents_at_every_slicing() -> None:
    body = (TESTS / "reply.jsonl").read_bytes()
    documents = STREAM.at_every_slicing(body)
    texts = [it["choices"][0]["delta"].get("content", "") for it in documents[:-1]]
    assert "".join(texts) == "Hello"
    assert documents[-1]["usage"]["total_tokens"] == 9
    STREAM.at_every_truncation(body)


def test_an_error_in_a_reply_is_a_failure() -> None:
    with pytest.raises(Failure, match="overloaded"):
        STREAM.at_every_slicing(b'{"text": "Hel"}\n{"error": {"message": "overloaded"}}\n')
