"""Mock of an Ollama server: /api/chat in JSON lines, /api/embed.

Sources: https://docs.ollama.com/api/chat, .../api/embed, .../capabilities/thinking,
.../capabilities/tool-calling, and the types of the official package. A real server ignores
members that it does not know; here they are refused, because what is ignored is lost silently.
"""

import json

from ollama import _types

import story
import typed
from vendor import Vendor
from wire import Reply, expect_json, expect_no_header, json_reply, require, require_none

IDS = {"get_weather": "call_weather1", "get_time": "call_time2"}
STOPS = {"end": "stop", "tools": "stop", "length": "length", "refusal": "stop"}
TIME = "2026-06-01T12:00:00.123456Z"


class Ollama(Vendor):
    name = "ollama"
    model = "qwen3:4b"
    embedding_model = "nomic-embed-text"
    troubles = {"overloaded": (503, None,
                               "server busy, please try again.  maximum pending requests exceeded"),
                "too-long": (400, None, "the input length exceeds the context length")}

    def error_body(self, _status, message, _code):
        return {"error": message}

    def reply(self, request):
        expect_no_header(request, "authorization", "x-api-key")
        if request.path == "/api/tags" and request.method == "GET":
            return json_reply({"models": [{"name": self.model, "model": self.model}]})
        if request.path == "/api/version" and request.method == "GET":
            return json_reply({"version": "0.12.0"})
        expect_json(request)
        body = request.json()
        if request.path == "/api/embed":
            return self.embed(body)
        require(request.path == "/api/chat", f"404 page not found: {request.path}", 404)
        return self.chat(body)

    def chat(self, body):
        tools = read_tools(body)
        checked = {name: value for name, value in body.items()
                   if name not in ("tools", "messages")}
        require_none(typed.problems(_types.ChatRequest, checked))
        for index, entry in enumerate(body["messages"]):
            require_none(typed.problems(_types.Message, known(entry), f"messages[{index}]"))
        if isinstance(body.get("options"), dict):
            require_none(typed.problems(_types.Options, body["options"], "options"))
        require(body["model"] == self.model, f"model '{body['model']}' not found", 404)
        ask = last_turn(body["messages"])
        ask.tools = tools
        ask.thinks = body.get("think") not in (None, False)
        turn = story.play(ask)
        head = {"model": self.model, "created_at": TIME}
        if body.get("stream", True):
            lines = "".join(json.dumps(line, ensure_ascii=False) + "\n"
                            for line in stream(turn, head))
            return Reply(lines.encode(), "application/x-ndjson", is_stream=True,
                         breaks_off=turn.breaks_off)
        reply = {**head, "message": message(turn), **end(turn)}
        return json_reply(reply, breaks_off=turn.breaks_off)

    def embed(self, body):
        require_none(typed.problems(_types.EmbedRequest, body))
        require(body["model"] == self.embedding_model, f"model '{body['model']}' not found", 404)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [story.vector(text, body.get("dimensions") or 8) for text in texts]
        return json_reply({"model": body["model"], "embeddings": vectors,
                           "total_duration": 14143917, "load_duration": 1019500,
                           "prompt_eval_count": len(texts)})


def read_tools(body) -> dict:
    """Name to parameters. The parameters are any JSON schema, so they are left out of the check."""
    found = {}
    for tool in body.get("tools") or []:
        function = dict(tool.get("function") or {})
        parameters = function.pop("parameters", {})
        require_none(typed.problems(_types.Tool, {**tool, "function": function}, "tools[]"))
        require(tool.get("type") == "function", "tools[].type: function")
        found[function["name"]] = parameters
    return found


def known(entry) -> dict:
    """A message without the members of the API that the package does not list."""
    left = {name: value for name, value in entry.items() if name != "tool_call_id"}
    if "tool_calls" in left:
        left["tool_calls"] = [
            {"function": {name: value for name, value in call["function"].items()
                          if name != "index"},
             **{name: value for name, value in call.items() if name not in ("id", "function")}}
            for call in left["tool_calls"]]
    images = left.pop("images", None)
    require(images is None or all(isinstance(i, str) for i in images), "images: texts")
    return left


def last_turn(messages) -> story.Ask:
    ask = story.Ask("")
    calls = []
    for index, entry in enumerate(messages):
        where = f"messages[{index}]"
        require(entry["role"] in ("system", "user", "assistant", "tool"), f"{where}.role")
        if entry["role"] == "assistant":
            ask.results = []
            calls = [call["function"]["name"] for call in entry.get("tool_calls") or []]
            for call in entry.get("tool_calls") or []:
                story.check_call(call["function"]["name"], call["function"]["arguments"])
            if calls:
                require(entry.get("thinking") in (None, "", story.THOUGHT), f"{where}.thinking")
        elif entry["role"] == "tool":
            # Results are matched by name; without one Ollama's templates cannot tell them apart.
            require(entry.get("tool_name") in calls, f"{where}.tool_name: "
                    f"{entry.get('tool_name')!r} is none of the calls {calls}")
            ask.results.append((entry["tool_name"], entry.get("content") or ""))
        elif entry["role"] == "user":
            ask.results = []
            ask.text = entry.get("content") or ""
            ask.images = [(None, story.decoded(i)) for i in entry.get("images") or []]
    return ask


def message(turn) -> dict:
    found = {"role": "assistant", "content": turn.text}
    if turn.thought:
        found["thinking"] = turn.thought
    if turn.calls:
        found["tool_calls"] = [call(index, *each) for index, each in enumerate(turn.calls)]
    return found


def call(index, name, arguments) -> dict:
    return {"id": IDS[name], "function": {"index": index, "name": name, "arguments": arguments}}


def end(turn) -> dict:
    return {"done": True, "done_reason": STOPS[turn.stop], "total_duration": 174560334,
            "load_duration": 101397084, "prompt_eval_count": story.INPUT_TOKENS,
            "prompt_eval_duration": 13074791, "eval_count": story.OUTPUT_TOKENS,
            "eval_duration": 52479709}


def stream(turn, head):
    def line(**members):
        return {**head, "message": {"role": "assistant", "content": "", **members}, "done": False}

    if turn.thought:
        for word in story.words(turn.thought):
            yield line(thinking=word)
    if turn.text:
        for word in story.words(turn.text):
            yield line(content=word)
    for index, each in enumerate(turn.calls):
        yield line(tool_calls=[call(index, *each)])
    yield {**line(), **end(turn)}
