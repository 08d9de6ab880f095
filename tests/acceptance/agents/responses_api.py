"""OpenAI's responses API, as far as an agent asks it.

Source: https://platform.openai.com/docs/api-reference/responses and .../responses-streaming.
"""

import json
import re

import story

PATH = re.compile(r"/v1/responses")


def key(headers) -> str | None:
    return headers.get("authorization", "").removeprefix("Bearer ")


def error(status: int, message: str) -> dict:
    return {"error": {"message": message, "type": "server_error", "param": None,
                      "code": "invalid_api_key" if status == 401 else None}}


def streams(_path: str, body: dict) -> bool:
    return bool(body.get("stream"))


def read(body: dict) -> tuple[list[str], list[str]]:
    """What the user said, and the results of calls since then."""
    texts, results = [], []
    for item in body["input"]:
        if item.get("type", "message") == "message" and item["role"] == "user":
            results = []
            texts += [part["text"] for part in item["content"] if part["type"] == "input_text"]
        elif item.get("type") == "function_call_output":
            results.append(plain(item["output"]))
    return texts, results


def plain(output) -> str:
    """What the command printed: the agent writes facts of its own before it."""
    if not isinstance(output, str):
        output = "".join(part.get("text", "") for part in output)
    return output.rpartition("Output:\n")[2]


def whole(_path: str, body: dict, turn: story.Turn) -> dict:
    return response(body, list(items(body, turn)))


def response(body: dict, output: list[dict]) -> dict:
    usage = {"input_tokens": story.PROMPT_TOKENS,
             "input_tokens_details": {"cached_tokens": story.CACHED_TOKENS},
             "output_tokens": story.COMPLETION_TOKENS,
             "output_tokens_details": {"reasoning_tokens": 5},
             "total_tokens": story.PROMPT_TOKENS + story.COMPLETION_TOKENS}
    return {"id": "resp_acceptance", "object": "response", "created_at": 1_780_000_000,
            "status": "completed", "model": body["model"], "output": output, "usage": usage,
            "error": None, "incomplete_details": None}


def items(body: dict, turn: story.Turn):
    if turn.thought:
        summary = [{"type": "summary_text", "text": turn.thought}]
        yield {"type": "reasoning", "id": "rs_acceptance", "summary": summary,
               "encrypted_content": "c2VhbGVk"}
    part = {"type": "output_text", "text": turn.text, "annotations": []}
    yield {"type": "message", "id": "msg_acceptance", "role": "assistant",
           "status": "completed", "content": [part]}
    if turn.command:
        name, arguments = command_tool(body, turn.command)
        yield {"type": "function_call", "id": "fc_acceptance", "call_id": "call_acceptance",
               "name": name, "arguments": json.dumps(arguments), "status": "completed"}


def command_tool(body: dict, command: str) -> tuple[str, dict]:
    """The agent's tool for commands; which one it has depends on its model and its settings."""
    names = {tool.get("name") for tool in body.get("tools") or []}
    if "exec_command" in names:
        return "exec_command", {"cmd": command}
    return "shell_command", {"command": command}


def events(body: dict, turn: story.Turn):
    """Names and values of the events."""
    begun = {**response(body, []), "status": "in_progress", "usage": None}
    yield named("response.created", response=begun)
    for index, item in enumerate(items(body, turn)):
        at = {"output_index": index, "item_id": item["id"]}
        empty = {"reasoning": {"summary": []}, "message": {"content": []},
                 "function_call": {"arguments": ""}}[item["type"]]
        yield named("response.output_item.added", output_index=index, item={**item, **empty})
        if item["type"] == "reasoning":
            for piece in story.pieces(turn.thought):
                yield named("response.reasoning_summary_text.delta", **at, summary_index=0,
                            delta=piece)
        elif item["type"] == "message":
            for piece in story.pieces(turn.text):
                yield named("response.output_text.delta", **at, content_index=0, delta=piece)
        yield named("response.output_item.done", output_index=index, item=item)
    yield named("response.completed", response=whole("", body, turn))


def named(kind: str, **members):
    return kind, {"type": kind, **members}
