"""Anthropic's messages API, as far as an agent asks it.

Source: https://platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming.
"""

import json
import re

import story

PATH = re.compile(r"/v1/messages(/count_tokens)?")
USAGE = {"input_tokens": story.PROMPT_TOKENS - story.CACHED_TOKENS,
         "cache_creation_input_tokens": 0, "cache_read_input_tokens": story.CACHED_TOKENS}


def key(headers) -> str | None:
    return headers.get("x-api-key")


def error(status: int, message: str) -> dict:
    kind = "authentication_error" if status == 401 else "api_error"
    return {"type": "error", "error": {"type": kind, "message": message}}


def streams(_path: str, body: dict) -> bool:
    return bool(body.get("stream"))


def read(body: dict) -> tuple[list[str], list[str]]:
    """What the user said, and the results of calls in the last message."""
    texts, results = [], []
    for message in body["messages"]:
        if message["role"] != "user":
            continue
        results = []
        for block in blocks(message["content"]):
            if block["type"] == "text":
                texts.append(block["text"])
            elif block["type"] == "tool_result":
                results.append("".join(b["text"] for b in blocks(block["content"])))
    return texts, results


def blocks(content) -> list[dict]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def whole(path: str, body: dict, turn: story.Turn) -> dict:
    if path.endswith("/count_tokens"):
        return {"input_tokens": story.PROMPT_TOKENS}
    content = [block for block, _ in contents(turn)]
    return {**head(body), "content": content, "stop_reason": stop(turn),
            "usage": {**USAGE, "output_tokens": story.COMPLETION_TOKENS}}


def head(body: dict) -> dict:
    return {"id": "msg_acceptance", "type": "message", "role": "assistant",
            "model": body["model"], "content": [], "stop_reason": None, "stop_sequence": None}


def stop(turn: story.Turn) -> str:
    return "tool_use" if turn.command else "end_turn"


def contents(turn: story.Turn):
    """Each block, and the deltas that it is streamed in."""
    if turn.thought:
        deltas = [{"type": "thinking_delta", "thinking": p} for p in story.pieces(turn.thought)]
        deltas.append({"type": "signature_delta", "signature": "c2lnbmVk"})
        yield {"type": "thinking", "thinking": turn.thought, "signature": "c2lnbmVk"}, deltas
    deltas = [{"type": "text_delta", "text": piece} for piece in story.pieces(turn.text)]
    yield {"type": "text", "text": turn.text}, deltas
    if turn.command:
        arguments = {"command": turn.command, "description": "Run what was ordered"}
        deltas = [{"type": "input_json_delta", "partial_json": piece}
                  for piece in story.pieces(json.dumps(arguments))]
        yield {"type": "tool_use", "id": "toolu_acceptance", "name": "Bash",
               "input": arguments}, deltas


def events(body: dict, turn: story.Turn):
    """Names and values of the events."""
    message = {**head(body), "usage": {**USAGE, "output_tokens": 1}}
    yield "message_start", {"type": "message_start", "message": message}
    for index, (block, deltas) in enumerate(contents(turn)):
        empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""},
                 "tool_use": {"input": {}}}[block["type"]]
        yield named("content_block_start", index=index, content_block={**block, **empty})
        for delta in deltas:
            yield named("content_block_delta", index=index, delta=delta)
        yield named("content_block_stop", index=index)
    yield named("message_delta", delta={"stop_reason": stop(turn), "stop_sequence": None},
                usage={"output_tokens": story.COMPLETION_TOKENS})
    yield named("message_stop")


def named(kind: str, **members):
    return kind, {"type": kind, **members}
