"""Mock of Anthropic's Messages API.

Sources: https://docs.anthropic.com/en/api/messages, .../messages-streaming,
.../messages-count-tokens, .../errors, .../versioning, .../migration-2026-10-21 (both versions are
served), .../build-with-claude/extended-thinking (signatures, thinking with tools), and the types
of the official package.
"""

import itertools

from anthropic.types import message_count_tokens_params, message_create_params

import story
import typed
from vendor import Vendor, check_tool_names, expect_bearer
from wire import (Reply, expect_header, expect_json, expect_no_header, json_reply,
                  require, require_none, sse)

VERSIONS = ("2023-06-01", "2026-10-21")
# What the older version has and the newer one refuses.
SAMPLING = {"temperature": float, "top_p": float, "top_k": int}
BETA = "acceptance-2026-01-01"
BETA_MEMBER = "acceptance_beta"
# As text: digits and spelling of numbers have to arrive as they were sent.
BETA_DIGITS = (b"12345678901234567890", b"1.0")
IDS = {"get_weather": "toolu_01WeatherAbc", "get_time": "toolu_01TimeDef"}
STOPS = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens", "refusal": "refusal"}
ERRORS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
LONG = "prompt is too long: 200042 tokens > 200000 maximum"


class Anthropic(Vendor):
    name = "anthropic"
    key = "sk-ant-acceptance-0123456789"
    model = "claude-sonnet-4-6"
    troubles = {"overloaded": (529, "overloaded_error", "Overloaded"),
                "too-long": (400, None, LONG)}

    def error_body(self, status, message, code):
        kind = code or ERRORS.get(status, "api_error")
        error = {"type": kind, "message": message}
        return {"type": "error", "error": error, "request_id": "req_011Acceptance"}

    def error_headers(self, status, _code):
        return {"request-id": "req_011Acceptance"}

    def reply(self, request):
        if request.path == "/v1/models" and request.method == "GET":
            return self.models(request)
        expect_json(request)
        self.check_headers(request)
        body = request.json()
        if request.path == "/v1/messages/count_tokens":
            return self.count(body)
        require(request.path == "/v1/messages", f"path {request.path}", 404)
        self.take_beta(request, body)
        ask = read(body, self.model, request.headers["anthropic-version"])
        turn = story.play(ask)
        message = write(turn, body["model"])
        if not ask.streams:
            return json_reply(message, breaks_off=turn.breaks_off,
                              headers={"request-id": "req_011Acceptance"})
        frames = b"".join(events(message))
        return Reply(frames, "text/event-stream; charset=utf-8", is_stream=True,
                     breaks_off=turn.breaks_off)

    def check_headers(self, request):
        # The API takes a key in either header; the newest clients send it as a bearer token.
        if "x-api-key" in request.headers:
            expect_header(request, "x-api-key", self.key)
            expect_no_header(request, "authorization")
        else:
            expect_bearer(request, self.key)
        version = request.headers.get("anthropic-version")
        require(version in VERSIONS, f"anthropic-version: {version!r} is not a valid version")
        expect_no_header(request, "openai-organization")

    def take_beta(self, request, body):
        """The member of a beta, allowed with its header only, and then exactly as sent."""
        betas = [b.strip() for b in request.headers.get("anthropic-beta", "").split(",")]
        wants = BETA in betas
        require(wants == (BETA_MEMBER in body),
                f"header anthropic-beta {betas} and members {sorted(body)}")
        if wants:
            del body[BETA_MEMBER]
            for digits in BETA_DIGITS:
                require(digits in request.body, f"the digits {digits} did not arrive")

    def models(self, request):
        self.check_headers(request)
        model = {"type": "model", "id": self.model, "display_name": "Claude",
                 "created_at": "2025-09-29T00:00:00Z"}
        return json_reply({"data": [model], "has_more": False, "first_id": self.model,
                           "last_id": self.model})

    def count(self, body):
        require_none(typed.problems(message_count_tokens_params.MessageCountTokensParams, body))
        check_messages(body)
        require(body["model"] == self.model, f"model {body['model']}", 404)
        return json_reply({"input_tokens": story.INPUT_TOKENS})


def read(body, model, version) -> story.Ask:
    if version == "2023-06-01":
        sampling = {name: body.get(name) for name in SAMPLING if name in body}
        require_none(typed.unknown_or_wrong(sampling, SAMPLING))
        check_thinking(body)
        body = {name: value for name, value in body.items() if name not in SAMPLING}
        require(0 <= sampling.get("temperature", 1) <= 1, "temperature: between 0 and 1")
    kind = (message_create_params.MessageCreateParamsStreaming if body.get("stream")
            else message_create_params.MessageCreateParamsNonStreaming)
    require_none(typed.problems(kind, body))
    require(body["model"] == model, f"model: {body['model']}", 404)
    require(body["max_tokens"] >= 1, "max_tokens: at least 1")
    for stop in body.get("stop_sequences", []):
        require(stop.strip(), "stop_sequences: each must contain non-whitespace")
    check_thinking(body)
    check_messages(body)
    ask = last_turn(body["messages"])
    ask.tools = check_tools(body)
    ask.thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    ask.streams = bool(body.get("stream"))
    return ask


def check_thinking(body):
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        budget = thinking["budget_tokens"]
        require(budget >= 1024, "thinking.budget_tokens: at least 1024")
        require(budget < body["max_tokens"], "max_tokens must exceed thinking.budget_tokens")
        require(body.get("temperature", 1) == 1, "temperature must be 1 with thinking")
        require("top_k" not in body, "top_k cannot be set with thinking")
        choice = (body.get("tool_choice") or {}).get("type", "auto")
        require(choice in ("auto", "none"), "tool_choice must not force a tool with thinking")


def check_tools(body) -> dict:
    tools = body.get("tools") or []
    require(tools or "tool_choice" not in body, "tool_choice without tools")
    check_tool_names(tool["name"] for tool in tools)
    for tool in tools:
        require(tool["input_schema"].get("type") == "object", "input_schema.type: object")
    return {tool["name"]: tool["input_schema"] for tool in tools}


def check_messages(body):
    """Roles, calls and their results, thinking blocks."""
    messages = body["messages"]
    require(messages, "messages: at least one message is required")
    require(messages[0]["role"] == "user", "messages: the first must be the user's")
    for before, after in itertools.pairwise(messages):
        require(before["role"] != after["role"], "messages: roles must alternate")
    open_calls = []
    for index, message in enumerate(messages):
        blocks = as_blocks(message["content"])
        where = f"messages[{index}]"
        require(blocks or index == len(messages) - 1, f"{where}: content must not be empty")
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        require(sorted(results) == sorted(open_calls),
                f"{where}: tool_result for {results}, tool_use were {open_calls}")
        require(not any(b["type"] == "tool_result" for b in blocks[len(results):]),
                f"{where}: tool_result blocks must come first")
        open_calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
        for block in blocks:
            check_block(block, message["role"], where)
        check_thinking_kept(body, message, blocks, index)
    require(not open_calls, f"tool_use without tool_result: {open_calls}")
    last = as_blocks(messages[-1]["content"])
    if messages[-1]["role"] == "assistant" and last and last[-1]["type"] == "text":
        require(not last[-1]["text"][-1:].isspace(), "the final assistant text ends in space")


def check_block(block, role, where):
    kind = block["type"]
    require(not (role == "user" and block.get("citations")), f"{where}: citations of the user")
    allowed = {"assistant": ("text", "thinking", "redacted_thinking", "tool_use"),
               "user": ("text", "image", "document", "tool_result")}
    require(kind in allowed.get(role, ("text",)), f"{where}: a block {kind} of the {role}")
    if kind == "text":
        require(block["text"].strip(), f"{where}: text blocks must contain non-whitespace text")
    if kind == "thinking":
        require(block["signature"] == story.signature("anthropic", block["thinking"]),
                f"{where}: invalid `signature` in `thinking` block")
    if kind == "tool_use":
        require(block["id"] == IDS.get(block["name"]), f"{where}: the id {block['id']!r} is not "
                f"the one that {block['name']} was called with")
        story.check_call(block["name"], block["input"])


def check_thinking_kept(body, message, blocks, index):
    """With thinking on, the turn whose tools are answered now starts with its thinking."""
    on = (body.get("thinking") or {}).get("type") == "enabled"
    is_open = index == len(body["messages"]) - 2
    calls = any(b["type"] == "tool_use" for b in blocks)
    if on and is_open and calls and message["role"] == "assistant":
        require(blocks[0]["type"] in ("thinking", "redacted_thinking"),
                "expected `thinking`, but found another first block, before tool_use")


def last_turn(messages) -> story.Ask:
    """What the last user texts say, and the results at the very end."""
    calls = {b["id"]: b["name"] for m in messages for b in as_blocks(m["content"])
             if b["type"] == "tool_use"}
    ask = story.Ask("")
    for message in messages:
        if message["role"] != "user":
            continue
        blocks = as_blocks(message["content"])
        texts = [b["text"] for b in blocks if b["type"] == "text"]
        ask.results = [(calls[b["tool_use_id"]], plain(b.get("content", "")))
                       for b in blocks if b["type"] == "tool_result"]
        if texts:
            ask.text = texts[-1]
            ask.images = [image(b["source"]) for b in blocks if b["type"] == "image"]
    return ask


def image(source):
    require(source["type"] == "base64", f"image source {source['type']}")
    return source["media_type"], story.decoded(source["data"])


def as_blocks(content) -> list:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


def plain(content) -> str:
    return "".join(b.get("text", "") for b in as_blocks(content))


def write(turn, model) -> dict:
    content = []
    if turn.thought:
        content.append({"type": "thinking", "thinking": turn.thought,
                        "signature": story.signature("anthropic", turn.thought)})
    if turn.text:
        content.append({"type": "text", "text": turn.text})
    for name, arguments in turn.calls:
        content.append({"type": "tool_use", "id": IDS[name], "name": name, "input": arguments})
    return {"id": "msg_01Acceptance", "type": "message", "role": "assistant", "model": model,
            "content": content, "stop_reason": STOPS[turn.stop], "stop_sequence": None,
            "usage": usage(story.OUTPUT_TOKENS)}


def usage(output):
    fresh = story.INPUT_TOKENS - story.CACHED_TOKENS
    return {"input_tokens": fresh, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": story.CACHED_TOKENS, "output_tokens": output,
            "service_tier": "standard"}


def events(message):
    start = {**message, "content": [], "stop_reason": None, "usage": usage(1)}
    yield event("message_start", message=start)
    yield event("ping")
    for index, block in enumerate(message["content"]):
        yield event("content_block_start", index=index, content_block=empty(block))
        for delta in deltas(block):
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    yield event("message_delta", delta={"stop_reason": message["stop_reason"],
                                        "stop_sequence": None},
                usage={"output_tokens": message["usage"]["output_tokens"]})
    yield event("message_stop")


def empty(block) -> dict:
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case _:
            return {**block, "input": {}}


def deltas(block):
    match block["type"]:
        case "text":
            for word in story.words(block["text"]):
                yield {"type": "text_delta", "text": word}
        case "thinking":
            for word in story.words(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": word}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            # A call without arguments has one delta, and it is empty.
            for part in story.fragments(block["input"]) if block["input"] else [""]:
                yield {"type": "input_json_delta", "partial_json": part}


def event(kind, **members) -> bytes:
    return sse(kind, {"type": kind, **members})
