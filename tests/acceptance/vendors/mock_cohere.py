"""Mock of Cohere's v2 API: /v2/chat and /v2/embed.

Sources: https://docs.cohere.com/v2/reference/chat, .../chat-stream, .../embed,
https://docs.cohere.com/docs/tool-use-overview, and the types of the official package.
"""

import inspect
import json
import typing

from cohere.v2.client import V2Client

import story
import typed
from vendor import Vendor, check_tool_names, data_url, expect_bearer, parsed
from wire import Reply, expect_json, json_reply, require, require_none, sse

IDS = {"get_weather": "get_weather_kd0Abc", "get_time": "get_time_9xDef"}
STOPS = {"end": "COMPLETE", "tools": "TOOL_CALL", "length": "MAX_TOKENS", "refusal": "COMPLETE"}


def members(method) -> tuple:
    """Name to type of a method's body members, and which are required."""
    hints = typing.get_type_hints(method)
    found = {name: p for name, p in inspect.signature(method).parameters.items()
             if name not in ("self", "request_options")}
    required = tuple(name for name, p in found.items() if p.default is inspect.Parameter.empty)
    return {name: hints[name] for name in found} | {"stream": bool}, required


CHAT, EMBED = members(V2Client.chat), members(V2Client.embed)


class Cohere(Vendor):
    name = "cohere"
    key = "co-acceptance-0123456789"
    model = "command-a-03-2025"
    embedding_model = "embed-v4.0"
    troubles = {"too-long": (400, None, "too many tokens: size limit exceeded by 2 tokens. Try "
                             "using shorter or fewer inputs.")}

    def error_body(self, _status, message, _code):
        return {"id": "0b3a-acceptance", "message": message}

    def reply(self, request):
        expect_bearer(request, self.key)
        if request.path == "/v1/models" and request.method == "GET":
            return json_reply({"models": [{"name": self.model, "endpoints": ["chat"]}]})
        expect_json(request)
        body = request.json()
        if request.path == "/v2/embed":
            return self.embed(body)
        require(request.path == "/v2/chat", f"path {request.path}", 404)
        return self.chat(body)

    def chat(self, body):
        require_none(typed.unknown_or_wrong(body, *CHAT))
        require(body["model"] == self.model, f"model '{body['model']}' not found", 404)
        tools = [tool["function"] for tool in body.get("tools") or []]
        check_tool_names(f["name"] for f in tools)
        require(tools or "tool_choice" not in body, "tool_choice needs tools")
        ask = last_turn(body["messages"])
        ask.tools = {f["name"]: f["parameters"] for f in tools}
        ask.thinks = (body.get("thinking") or {}).get("type") == "enabled"
        turn = story.play(ask)
        if body.get("stream"):
            return Reply(b"".join(events(turn)), "text/event-stream", is_stream=True,
                         breaks_off=turn.breaks_off)
        return json_reply({"id": "c-acceptance", "finish_reason": STOPS[turn.stop],
                           "message": message(turn), "usage": usage()},
                          breaks_off=turn.breaks_off)

    def embed(self, body):
        require_none(typed.unknown_or_wrong(body, *EMBED))
        require(body["model"] == self.embedding_model, f"model '{body['model']}' not found", 404)
        texts = body.get("texts")
        if texts is None:
            texts = ["".join(part["text"] for part in item["content"])
                     for item in body.get("inputs") or []]
        require(0 < len(texts) <= 96, f"invalid request: {len(texts)} texts, at most 96")
        kinds = body.get("embedding_types") or ["float"]
        vectors = [story.vector(text, body.get("output_dimension") or 8) for text in texts]
        return json_reply({
            "id": "e-acceptance", "texts": texts, "embeddings": {kind: vectors for kind in kinds},
            "response_type": "embeddings_by_type",
            "meta": {"api_version": {"version": "2"},
                     "billed_units": {"input_tokens": len(texts)}}})


def last_turn(messages) -> story.Ask:
    ask = story.Ask("")
    open_calls, calls = set(), {}
    require(messages, "messages must not be empty")
    for index, entry in enumerate(messages):
        where = f"messages[{index}]"
        if entry["role"] == "tool":
            require(entry["tool_call_id"] in open_calls,
                    f"{where}: tool call id {entry['tool_call_id']} not found in previous calls")
            open_calls.discard(entry["tool_call_id"])
            ask.results.append((calls[entry["tool_call_id"]], plain(entry["content"])))
            continue
        require(not open_calls, f"{where}: tool calls without results: {open_calls}")
        ask.results = []
        if entry["role"] == "assistant":
            require(entry.get("content") or entry.get("tool_calls"),
                    f"{where}: must have content or tool calls")
            for call in entry.get("tool_calls") or []:
                function = call["function"]
                require(call["id"] == IDS.get(function["name"]), f"{where}: id {call['id']!r} "
                        f"is not the one that {function['name']} was called with")
                story.check_call(function["name"], parsed(function["arguments"], where))
                open_calls.add(call["id"])
                calls[call["id"]] = function["name"]
        elif entry["role"] == "user":
            ask.text = plain(entry["content"])
            ask.images = [] if isinstance(entry["content"], str) else [
                data_url(p["image_url"]["url"]) for p in entry["content"]
                if p["type"] == "image_url"]
    require(not open_calls, f"tool calls without results: {open_calls}")
    return ask


def plain(content) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or json.dumps(part.get("document") or "", ensure_ascii=False)
                   for part in content if part["type"] in ("text", "document"))


def message(turn) -> dict:
    content = []
    if turn.thought:
        content.append({"type": "thinking", "thinking": turn.thought})
    if turn.text:
        content.append({"type": "text", "text": turn.text})
    found = {"role": "assistant"}
    if content:
        found["content"] = content
    if turn.calls:
        found["tool_calls"] = [{"id": IDS[name], "type": "function", "function": {
            "name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}
            for name, arguments in turn.calls]
    return found


def usage() -> dict:
    return {"billed_units": {"input_tokens": story.INPUT_TOKENS,
                             "output_tokens": story.OUTPUT_TOKENS},
            "tokens": {"input_tokens": story.INPUT_TOKENS, "output_tokens": story.OUTPUT_TOKENS},
            "cached_tokens": story.CACHED_TOKENS}


def events(turn):
    def event(kind, index=None, **members):
        at = {} if index is None else {"index": index}
        return sse(kind, {"type": kind, **at, **members})

    yield event("message-start", id="c-acceptance", delta={"message": {
        "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}})
    index = 0
    for kind, text in (("thinking", turn.thought), ("text", turn.text)):
        if text:
            start = {"type": kind, kind: ""}
            yield event("content-start", index, delta={"message": {"content": start}})
            for word in story.words(text):
                yield event("content-delta", index, delta={"message": {"content": {kind: word}}})
            yield event("content-end", index)
            index += 1
    for number, (name, arguments) in enumerate(turn.calls):
        call = {"id": IDS[name], "type": "function", "function": {"name": name, "arguments": ""}}
        yield event("tool-call-start", number, delta={"message": {"tool_calls": call}})
        for part in story.fragments(arguments)[1:]:
            piece = {"function": {"arguments": part}}
            yield event("tool-call-delta", number, delta={"message": {"tool_calls": piece}})
        yield event("tool-call-end", number)
    yield event("message-end", delta={"finish_reason": STOPS[turn.stop], "usage": usage()})
    yield sse(None, "[DONE]")
