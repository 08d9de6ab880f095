"""Canonical replies."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from patchbay_sdk import Failure, reply, testing
from patchbay_sdk.reply import ReplyWriter

Writes = Callable[[ReplyWriter], None]


def written(write: Writes, *, streaming: bool) -> list[dict[str, Any]]:
    call = testing.chat_stream("m") if streaming else testing.chat("m")
    writer = ReplyWriter(call, testing.identity())
    write(writer)
    documents = [*writer.take(), *writer.end()]
    return [json.loads(document) for document in documents]


def deltas(write: Writes) -> list[dict[str, Any]]:
    choices = [document["choices"] for document in written(write, streaming=True)]
    return [choice[0]["delta"] for choice in choices if choice]


def message(write: Writes) -> dict[str, Any]:
    found: dict[str, Any] = written(write, streaming=False)[0]["choices"][0]
    return found


def talk(writer: ReplyWriter) -> None:
    writer.text("hel")
    writer.text("lo")
    writer.finish_reason(reply.LENGTH)
    writer.usage(reply.usage(3, 2, cached_tokens=1, reasoning_tokens=1))


def test_chunks_share_id_time_and_model() -> None:
    documents = written(talk, streaming=True)
    assert {(it["id"], it["created"], it["model"], it["object"]) for it in documents} == {
        ("chatcmpl-test", 1_700_000_000, "m", "chat.completion.chunk")
    }
    assert deltas(talk) == [
        {"role": "assistant", "content": ""},
        {"content": "hel"},
        {"content": "lo"},
        {},
    ]
    reasons = [it["choices"][0]["finish_reason"] for it in documents if it["choices"]]
    assert reasons == [None, None, None, "length"]
    assert documents[-1]["choices"] == []
    assert documents[-1]["usage"]["total_tokens"] == 5


def test_a_whole_reply_has_every_member_that_clients_read() -> None:
    documents = written(talk, streaming=False)
    usage = documents[0].pop("usage")
    assert usage["prompt_tokens_details"] == {"cached_tokens": 1}
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 1}
    assert documents == [
        {
            "id": "chatcmpl-test",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "hello"},
                    "finish_reason": "length",
                    "logprobs": None,
                }
            ],
        }
    ]


def use_tools(writer: ReplyWriter) -> None:
    writer.call("given", "now", "")
    first = writer.begin_call(None, "weather")
    writer.arguments(first, '{"city":')
    writer.arguments(first, '"Oslo"}')
    writer.finish_reason(reply.STOP)


def test_tool_calls_have_ids_arguments_and_their_reason() -> None:
    choice = message(use_tools)
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "given", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        {
            "id": "call_chatcmpl-test_1",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
        },
    ]


def test_streamed_tool_calls_join_to_the_same() -> None:
    calls = [call for delta in deltas(use_tools) for call in delta.get("tool_calls", [])]
    arguments = {0: "", 1: ""}
    for call in calls:
        arguments[call["index"]] += call["function"]["arguments"]
    assert arguments == {0: "{}", 1: '{"city":"Oslo"}'}
    assert [call["id"] for call in calls if "id" in call] == ["given", "call_chatcmpl-test_1"]


def think(writer: ReplyWriter) -> None:
    detail = {"type": "reasoning.text", "index": 0, "format": "f"}
    writer.reasoning({**detail, "text": "so "})
    writer.reasoning({**detail, "text": "on", "signature": "s"})
    writer.reasoning({"type": "reasoning.encrypted", "index": 1, "data": "x"})


def test_reasoning_is_readable_and_can_be_given_back() -> None:
    whole = message(think)["message"]
    assert whole["reasoning_content"] == "so on"
    assert [detail["type"] for detail in whole["reasoning_details"]] == [
        "reasoning.text",
        "reasoning.encrypted",
    ]
    assert whole["reasoning_details"][0]["text"] == "so on"
    assert whole["reasoning_details"][0]["signature"] == "s"
    streamed = [delta.get("reasoning_content", "") for delta in deltas(think)]
    assert "".join(streamed) == "so on"


def test_choices_have_their_own_role_and_end() -> None:
    def two(writer: ReplyWriter) -> None:
        writer.choice(1)
        writer.refusal("no")
        writer.choice(0)
        writer.text("yes")

    whole = written(two, streaming=False)[0]["choices"]
    assert [(it["index"], it["message"]["content"]) for it in whole] == [(0, "yes"), (1, None)]
    assert whole[1]["message"]["refusal"] == "no"
    streamed = [it["choices"][0] for it in written(two, streaming=True)]
    ended = [it["index"] for it in streamed if it["finish_reason"]]
    assert sorted(ended) == [0, 1]


def test_an_empty_reply_is_an_answer_too() -> None:
    assert message(lambda _: None)["message"] == {"role": "assistant", "content": ""}
    assert deltas(lambda _: None) == [{"role": "assistant", "content": ""}, {}]


def test_vectors_are_lists() -> None:
    document = json.loads(reply.embeddings("m", [[0.5, -1.0], [1]], reply.usage(2, 0)))
    assert [it["embedding"] for it in document["data"]] == [[0.5, -1.0], [1]]
    assert [it["index"] for it in document["data"]] == [0, 1]
    with pytest.raises(Failure):
        reply.embeddings("m", ["AAAA"])


def test_a_token_count_is_the_contracts() -> None:
    assert json.loads(reply.token_count(7)) == {"object": "token_count", "input_tokens": 7}
