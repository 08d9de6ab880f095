"""Mock of OpenAI's responses API, used by the mock of OpenAI and of Azure.

Sources: https://platform.openai.com/docs/api-reference/responses/create,
.../responses-streaming, .../guides/reasoning (encrypted reasoning, stateless), and the types of
the official package.
"""

import json

from openai.types.responses import response_create_params

import story
import typed
from vendor import check_tool_names, data_url, parsed
from wire import Reply, json_reply, require, require_none, sse

IDS = {"get_weather": "call_WeatherAbc123", "get_time": "call_TimeDef456"}
PREFIXES = {"reasoning": "rs_", "function_call": "fc_", "message": "msg_"}
ENCRYPTED = "reasoning.encrypted_content"
CREATED = 1_780_000_000


def respond(vendor, body) -> Reply:
    kind = (response_create_params.ResponseCreateParamsStreaming if body.get("stream")
            else response_create_params.ResponseCreateParamsNonStreaming)
    require_none(typed.problems(kind, body))
    vendor.check_model(body.get("model"), vendor.model)
    require("previous_response_id" not in body, "Previous response not found", 404)
    items = as_items(body["input"])
    check_items(items, body)
    ask = last_turn(items)
    ask.tools = check_tools(body)
    reasoning = body.get("reasoning") or {}
    ask.thinks = reasoning.get("effort") not in (None, "none")
    if ask.results and ask.thinks and ENCRYPTED in (body.get("include") or []):
        require(any(item.get("type") == "reasoning" for item in items),
                "the reasoning item of the turn with the calls did not come back")
    turn = story.play(ask)
    response = write(turn, body)
    if not body.get("stream"):
        return json_reply(response, breaks_off=turn.breaks_off)
    return Reply(b"".join(events(response)), "text/event-stream; charset=utf-8", is_stream=True,
                 breaks_off=turn.breaks_off)


def as_items(content) -> list:
    if isinstance(content, str):
        return [{"type": "message", "role": "user", "content": content}]
    return content


def check_tools(body) -> dict:
    tools = [tool for tool in body.get("tools") or [] if tool["type"] == "function"]
    require(tools or body.get("tool_choice", "auto") in ("auto", "none"),
            "tool_choice needs tools")
    check_tool_names(tool["name"] for tool in tools)
    return {tool["name"]: tool.get("parameters") for tool in tools}


def check_items(items, body):
    require(items, "input: [] is too short")
    open_calls = {}
    for index, item in enumerate(items):
        where = f"input[{index}]"
        kind = item.get("type", "message")
        if item.get("id") and kind in PREFIXES:
            require(item["id"].startswith(PREFIXES[kind]),
                    f"{where}.id: expected an ID that begins with '{PREFIXES[kind]}'")
        if kind == "reasoning":
            require(body.get("store") is False or item.get("encrypted_content"),
                    f"{where}: item not found; it was not persisted", 404)
            if body.get("store") is False:
                require(item.get("encrypted_content") == story.signature("openai", story.THOUGHT),
                        f"{where}: the encrypted content could not be verified")
            require(index + 1 < len(items), f"{where}: reasoning without its following item")
        elif kind == "function_call":
            require(item["call_id"] == IDS.get(item["name"]), f"{where}: call_id "
                    f"{item['call_id']!r} is not the one that {item['name']} was called with")
            story.check_call(item["name"], parsed(item["arguments"], where))
            open_calls[item["call_id"]] = item["name"]
        elif kind == "function_call_output":
            require(item["call_id"] in open_calls, f"{where}: No tool call found for function "
                    f"call output with call_id {item['call_id']}")
            del open_calls[item["call_id"]]
        elif kind == "message" and item.get("role") == "user":
            require(not open_calls, f"No tool output found for function call {open_calls}")
    require(not open_calls, f"No tool output found for function call {open_calls}")


def last_turn(items) -> story.Ask:
    ask = story.Ask("")
    calls = {}
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            calls[item["call_id"]] = item["name"]
            ask.results = []
        elif kind == "function_call_output":
            ask.results.append((calls[item["call_id"]], plain(item["output"])))
        elif kind == "message" and item["role"] == "user":
            ask.results = []
            ask.text = plain(item["content"])
            ask.images = [] if isinstance(item["content"], str) else [
                data_url(p["image_url"]) for p in item["content"] if p["type"] == "input_image"]
    return ask


def plain(content) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def write(turn, body) -> dict:
    output = []
    if turn.thought:
        summary = [{"type": "summary_text", "text": turn.thought}]
        asked = (body.get("reasoning") or {}).get("summary")
        item = {"id": "rs_Acceptance", "type": "reasoning", "summary": summary if asked else []}
        if ENCRYPTED in (body.get("include") or []):
            item["encrypted_content"] = story.signature("openai", turn.thought)
        output.append(item)
    if turn.text:
        part = ({"type": "refusal", "refusal": turn.text} if turn.stop == "refusal" else
                {"type": "output_text", "text": turn.text, "annotations": [], "logprobs": []})
        output.append({"id": "msg_Acceptance", "type": "message", "role": "assistant",
                       "status": "completed", "content": [part]})
    for number, (name, arguments) in enumerate(turn.calls):
        output.append({"id": f"fc_Acceptance{number}", "type": "function_call",
                       "call_id": IDS[name], "name": name, "status": "completed",
                       "arguments": json.dumps(arguments, ensure_ascii=False)})
    cut = turn.stop == "length"
    return {
        "id": "resp_Acceptance", "object": "response", "created_at": CREATED, "error": None,
        "model": body["model"], "output": output, "instructions": body.get("instructions"),
        "status": "incomplete" if cut else "completed", "metadata": {},
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto",
        "tools": body.get("tools") or [], "store": body.get("store", True),
        "text": {"format": {"type": "text"}}, "truncation": "disabled", "usage": {
            "input_tokens": story.INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": story.CACHED_TOKENS,
                                     "cache_write_tokens": 0},
            "output_tokens": story.OUTPUT_TOKENS,
            "output_tokens_details": {
                "reasoning_tokens": story.THOUGHT_TOKENS if turn.thought else 0},
            "total_tokens": story.INPUT_TOKENS + story.OUTPUT_TOKENS}}


class Numbered:
    """Events with their sequence numbers."""

    def __init__(self):
        self.next = 0

    def __call__(self, kind, **members) -> bytes:
        value = {"type": kind, "sequence_number": self.next, **members}
        self.next += 1
        return sse(kind, value)


def events(response):
    event = Numbered()
    begun = {**response, "status": "in_progress", "output": [], "usage": None,
             "incomplete_details": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(response["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        yield event("response.output_item.added", output_index=index, item=opened(item))
        match item["type"]:
            case "reasoning":
                yield from reasoning_events(event, at, item)
            case "message":
                yield from message_events(event, at, item)
            case _:
                yield from call_events(event, at, item)
        yield event("response.output_item.done", output_index=index, item=item)
    kind = "incomplete" if response["incomplete_details"] else "completed"
    yield event(f"response.{kind}", response=response)


def opened(item) -> dict:
    match item["type"]:
        case "reasoning":
            return {**item, "summary": []}
        case "message":
            return {**item, "content": [], "status": "in_progress"}
        case _:
            return {**item, "arguments": "", "status": "in_progress"}


def reasoning_events(event, at, item):
    for number, part in enumerate(item["summary"]):
        here = {**at, "summary_index": number}
        yield event("response.reasoning_summary_part.added", **here, part={**part, "text": ""})
        for word in story.words(part["text"]):
            yield event("response.reasoning_summary_text.delta", **here, delta=word)
        yield event("response.reasoning_summary_text.done", **here, text=part["text"])
        yield event("response.reasoning_summary_part.done", **here, part=part)


def message_events(event, at, item):
    here = {**at, "content_index": 0}
    part = item["content"][0]
    if part["type"] == "refusal":
        yield event("response.content_part.added", **here, part={**part, "refusal": ""})
        for word in story.words(part["refusal"]):
            yield event("response.refusal.delta", **here, delta=word)
        yield event("response.refusal.done", **here, refusal=part["refusal"])
    else:
        yield event("response.content_part.added", **here, part={**part, "text": ""})
        for word in story.words(part["text"]):
            yield event("response.output_text.delta", **here, delta=word, logprobs=[])
        yield event("response.output_text.done", **here, text=part["text"], logprobs=[])
    yield event("response.content_part.done", **here, part=part)


def call_events(event, at, item):
    for fragment in story.fragments(json.loads(item["arguments"])):
        yield event("response.function_call_arguments.delta", **at, delta=fragment)
    yield event("response.function_call_arguments.done", **at, name=item["name"],
                arguments=item["arguments"])
