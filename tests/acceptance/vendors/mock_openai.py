"""Mock of OpenAI's API: chat completions, responses (in mock_responses) and embeddings.

As strict as OpenAI is with its own names: a member that the official package does not know is
refused. Sources: https://platform.openai.com/docs/api-reference/chat/create,
.../chat-streaming, .../embeddings/create, .../guides/error-codes, and the package's types.
"""

import base64
import itertools
import json
import struct

from openai.types import embedding_create_params
from openai.types.chat import completion_create_params

import mock_responses
import story
import typed
from vendor import Vendor, check_tool_names, data_url, expect_bearer, parsed
from wire import Reply, expect_json, expect_no_header, json_reply, require, require_none, sse

IDS = {"get_weather": "call_WeatherAbc123", "get_time": "call_TimeDef456"}
STOPS = {"end": "stop", "tools": "tool_calls", "length": "length", "refusal": "stop"}
CREATED = 1_780_000_000


class OpenAI(Vendor):
    name = "openai"
    key = "sk-acceptance-openai-0123456789"
    model = "gpt-4.1"
    embedding_model = "text-embedding-3-small"
    troubles = {
        "rate-limited": (429, "rate_limit_exceeded", "Rate limit reached for requests"),
        "overloaded": (503, "server_overloaded", "The engine is currently overloaded."),
        "too-long": (400, "context_length_exceeded",
                     "This model's maximum context length is 128000 tokens."),
    }

    def error_body(self, status, message, code):
        kinds = {429: "requests", 401: "invalid_request_error", 503: "server_error"}
        kind = kinds.get(status, "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def authenticate(self, request):
        expect_bearer(request, self.key)
        expect_no_header(request, "x-api-key", "api-key", "anthropic-version")

    def reply(self, request):
        self.authenticate(request)
        path = self.operation(request)
        if path == "/models" and request.method == "GET":
            model = {"id": self.model, "object": "model", "created": CREATED, "owned_by": "openai"}
            return json_reply({"object": "list", "data": [model]})
        expect_json(request)
        body = request.json()
        match path:
            case "/chat/completions":
                return chat(self, body)
            case "/responses":
                return mock_responses.respond(self, body)
            case "/embeddings":
                return embed(self, body)
        require(False, f"Invalid URL (POST {request.path})", 404)

    def operation(self, request):
        require(request.path.startswith("/v1/"), f"Invalid URL {request.path}", 404)
        require(not request.raw_query, f"query {request.raw_query}", 404)
        return request.path[3:]

    def check_model(self, actual, expected):
        require(actual == expected, f"The model `{actual}` does not exist", 404,
                "model_not_found")


def chat(vendor, body) -> Reply:
    kind = (completion_create_params.CompletionCreateParamsStreaming if body.get("stream")
            else completion_create_params.CompletionCreateParamsNonStreaming)
    require_none(typed.problems(kind, body))
    vendor.check_model(body["model"], vendor.model)
    require("stream_options" not in body or body.get("stream"),
            "stream_options is only allowed when stream is enabled")
    require(not ("max_tokens" in body and "max_completion_tokens" in body),
            "max_tokens and max_completion_tokens cannot both be set")
    check_messages(body["messages"])
    ask = last_turn(body)
    ask.tools = check_tools(body)
    turn = story.play(ask)
    head = {"id": "chatcmpl-Acceptance", "created": CREATED, "model": body["model"],
            "system_fingerprint": "fp_acceptance", "service_tier": "default"}
    if body.get("stream"):
        asked = (body.get("stream_options") or {}).get("include_usage", False)
        return Reply(b"".join(chunks(turn, head, asked)), "text/event-stream; charset=utf-8",
                     is_stream=True, breaks_off=turn.breaks_off)
    choice = {"index": 0, "message": message(turn), "logprobs": None,
              "finish_reason": STOPS[turn.stop]}
    return json_reply({**head, "object": "chat.completion", "choices": [choice],
                       "usage": usage(turn)}, breaks_off=turn.breaks_off)


def check_tools(body) -> dict:
    tools = body.get("tools")
    require(tools or "tools" not in body, "tools: [] is too short")
    require(tools or "tool_choice" not in body,
            "tool_choice is only allowed when tools are specified")
    require(tools or "parallel_tool_calls" not in body,
            "parallel_tool_calls is only allowed when tools are specified")
    functions = [tool["function"] for tool in tools or []]
    check_tool_names(f["name"] for f in functions)
    return {f["name"]: f.get("parameters") for f in functions}


def check_messages(messages):
    require(messages, "messages: [] is too short")
    open_calls = {}
    for index, entry in enumerate(messages):
        where = f"messages[{index}]"
        if entry["role"] == "tool":
            require(entry["tool_call_id"] in open_calls, f"{where}: messages with role 'tool' "
                    "must be a response to a preceding message with 'tool_calls'")
            del open_calls[entry["tool_call_id"]]
            continue
        require(not open_calls, f"{where}: tool_call_ids without response: {list(open_calls)}")
        if entry["role"] == "assistant":
            require(entry.get("content") or entry.get("tool_calls") or entry.get("refusal"),
                    f"{where}: an assistant message without content and tool calls")
            require(entry.get("tool_calls") != [], f"{where}.tool_calls: [] is too short")
            for call in entry.get("tool_calls") or []:
                function = call["function"]
                require(call["id"] == IDS.get(function["name"]), f"{where}: id {call['id']!r} "
                        f"is not the one that {function['name']} was called with")
                story.check_call(function["name"], parsed(function["arguments"], where))
                open_calls[call["id"]] = function["name"]
    require(not open_calls, f"tool_call_ids without response: {list(open_calls)}")


def last_turn(body) -> story.Ask:
    ask = story.Ask("", streams=bool(body.get("stream")))
    calls = {}
    for entry in body["messages"]:
        content = entry.get("content") or ""
        if entry["role"] == "assistant":
            ask.results = []
            calls |= {c["id"]: c["function"]["name"] for c in entry.get("tool_calls") or []}
        elif entry["role"] == "tool":
            ask.results.append((calls[entry["tool_call_id"]], plain(content)))
        elif entry["role"] == "user":
            ask.results = []
            ask.text = plain(content)
            ask.images = [] if isinstance(content, str) else [
                data_url(p["image_url"]["url"]) for p in content if p["type"] == "image_url"]
    return ask


def plain(content) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def message(turn) -> dict:
    refuses = turn.stop == "refusal"
    found = {"role": "assistant", "content": None if refuses else turn.text or None,
             "refusal": turn.text if refuses else None}
    if turn.calls:
        found["tool_calls"] = [
            {"id": IDS[name], "type": "function",
             "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}
            for name, arguments in turn.calls]
    return found


def usage(_turn) -> dict:
    return {"prompt_tokens": story.INPUT_TOKENS, "completion_tokens": story.OUTPUT_TOKENS,
            "total_tokens": story.INPUT_TOKENS + story.OUTPUT_TOKENS,
            "prompt_tokens_details": {"cached_tokens": story.CACHED_TOKENS, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                                          "accepted_prediction_tokens": 0,
                                          "rejected_prediction_tokens": 0}}


def chunks(turn, head, asked):
    def chunk(delta, reason=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        value = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        return sse(None, {**value, "usage": None} if asked else value)

    member = "refusal" if turn.stop == "refusal" else "content"
    yield chunk({"role": "assistant", "content": None if turn.calls else "", "refusal": None})
    for word in story.words(turn.text):
        yield chunk({member: word})
    # Parallel calls are interleaved: `index` alone says what belongs together.
    for index, (name, _) in enumerate(turn.calls):
        yield chunk({"tool_calls": [{"index": index, "id": IDS[name], "type": "function",
                                     "function": {"name": name, "arguments": ""}}]})
    parts = [story.fragments(arguments)[1:] for _, arguments in turn.calls]
    for row in itertools.zip_longest(*parts):
        for index, part in enumerate(row):
            if part is not None:
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, STOPS[turn.stop])
    if asked:
        yield sse(None, {**head, "object": "chat.completion.chunk", "choices": [],
                         "usage": usage(turn)})
    yield sse(None, "[DONE]")


def embed(vendor, body) -> Reply:
    require_none(typed.problems(embedding_create_params.EmbeddingCreateParams, body))
    vendor.check_model(body["model"], vendor.embedding_model)
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    require(0 < len(texts) <= 2048, "input: between 1 and 2048 items")
    require(all(isinstance(t, str) and t for t in texts), "input: texts must not be empty")
    data = []
    for index, text in enumerate(texts):
        numbers = story.vector(text, body.get("dimensions") or 8)
        if body.get("encoding_format") == "base64":
            packed = struct.pack(f"<{len(numbers)}f", *numbers)
            numbers = base64.b64encode(packed).decode()
        data.append({"object": "embedding", "index": index, "embedding": numbers})
    tokens = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return json_reply({"object": "list", "data": data, "model": body["model"], "usage": tokens})
