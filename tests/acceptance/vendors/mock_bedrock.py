"""Mock of Amazon Bedrock's runtime: Converse, ConverseStream, CountTokens, InvokeModel (Titan).

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html,
.../API_runtime_ConverseStream.html, .../API_runtime_CountTokens.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, and
the service description inside of botocore.
"""

import itertools
import json
import re
import urllib.parse

import aws_service
import story
import typed
from vendor import Vendor
from wire import Reply, expect_json, expect_no_header, json_reply, require, require_none

IDS = {"get_weather": "tooluse_WeatherAbc-1", "get_time": "tooluse_TimeDef_2"}
STOPS = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens",
         "refusal": "guardrail_intervened"}
PATH = re.compile(r"/model/([^/]+)/(converse|converse-stream|count-tokens|invoke)")
DOCUMENT_NAME = re.compile(r"[A-Za-z0-9()\[\]-]+( [A-Za-z0-9()\[\]-]+)*")
TITAN = {"inputText": str, "dimensions": int, "normalize": bool, "embeddingTypes": list[str]}


class Bedrock(Vendor):
    name = "bedrock"
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    embedding_model = "amazon.titan-embed-text-v2:0"
    region = "eu-west-1"
    access_key = "AKIAACCEPTANCE000000"
    secret_key = "wJalr/acceptance+SECRET/0123456789abcdefgh"
    session_token = "IQoJb3JpZ2luX2VjE+acceptance/token=="
    troubles = {
        "rate-limited": (429, "ThrottlingException",
                         "Too many requests, please wait before trying again."),
        "overloaded": (503, "ServiceUnavailableException",
                       "Bedrock is unable to process your request."),
        "too-long": (400, "ValidationException",
                     "The model returned the following errors: Input is too long for requested "
                     "model."),
    }

    def __init__(self):
        self.signer = aws_service.Signer(self.access_key, self.secret_key, self.session_token,
                                         self.region, "bedrock")

    @property
    def aws(self) -> str:
        return f"{self.access_key}:{self.secret_key}:{self.session_token}"

    def error_body(self, _status, message, _code):
        return {"message": message}

    def error_headers(self, status, code):
        kinds = {400: "ValidationException", 403: "AccessDeniedException",
                 404: "ResourceNotFoundException"}
        return {"x-amzn-errortype": f"{code or kinds.get(status, 'ValidationException')}:"
                                    "http://internal.amazon.com/coral/com.amazon.bedrock/",
                "x-amzn-requestid": "acceptance"}

    def reply(self, request):
        self.signer.check(request)
        expect_no_header(request, "x-api-key", "anthropic-version")
        if request.method == "GET" and request.path == "/async-invoke":
            return json_reply({"asyncInvokeSummaries": []})
        if not request.path.endswith("/invoke") or "content-type" in request.headers:
            expect_json(request)  # InvokeModel takes JSON where nothing is said
        found = PATH.fullmatch(request.path)
        require(found, f"UnknownOperationException: {request.path}", 404)
        model, operation = urllib.parse.unquote(found[1]), found[2]
        body = request.json()
        if operation == "invoke":
            return self.titan(model, body)
        require(model == self.model, "The provided model identifier is invalid.")
        if operation == "count-tokens":
            return self.count(model, body)
        name = {"converse": "Converse", "converse-stream": "ConverseStream"}[operation]
        require_none(aws_service.problems(name, body, {"modelId": model}))
        ask = read(body)
        turn = story.play(ask)
        if operation == "converse":
            return json_reply({
                "output": {"message": {"role": "assistant", "content": blocks(turn)}},
                "stopReason": STOPS[turn.stop], "usage": usage(),
                "metrics": {"latencyMs": 551}}, breaks_off=turn.breaks_off)
        return Reply(b"".join(events(turn)), "application/vnd.amazon.eventstream",
                     is_stream=True, breaks_off=turn.breaks_off)

    def titan(self, model, body):
        require(model == self.embedding_model, "The provided model identifier is invalid.")
        require_none(typed.unknown_or_wrong(body, TITAN, ("inputText",)))
        require(body["inputText"], "Malformed input request: expected minLength: 1")
        vector = story.vector(body["inputText"], body.get("dimensions") or 8)
        return json_reply({"embedding": vector, "embeddingsByType": {"float": vector},
                           "inputTextTokenCount": 1})

    def count(self, model, body):
        require_none(aws_service.problems("CountTokens", body, {"modelId": model}))
        require("converse" in body["input"], "input.converse is expected here")
        check_messages(body["input"]["converse"]["messages"])
        return json_reply({"inputTokens": story.INPUT_TOKENS})


def read(body) -> story.Ask:
    check_messages(body.get("messages") or [])
    tools = {}
    for tool in (body.get("toolConfig") or {}).get("tools") or []:
        if "toolSpec" in tool:
            tools[tool["toolSpec"]["name"]] = tool["toolSpec"]["inputSchema"]["json"]
    used = any("toolUse" in b or "toolResult" in b
               for m in body["messages"] for b in m["content"])
    require(tools or not used, "The toolConfig field must be defined when using toolUse and "
            "toolResult content blocks.")
    ask = last_turn(body["messages"])
    ask.tools = tools
    fields = body.get("additionalModelRequestFields") or {}
    ask.thinks = check_thinking(fields, body)
    return ask


def check_thinking(fields, body) -> bool:
    thinking = fields.get("thinking") or fields.get("reasoning_config") or {}
    if thinking.get("type") == "enabled":
        budget = thinking.get("budget_tokens", 0)
        require(budget >= 1024, "thinking.budget_tokens: at least 1024")
        inference = body.get("inferenceConfig") or {}
        require(budget < inference.get("maxTokens", 0), "maxTokens must exceed the budget")
        require(inference.get("temperature", 1) == 1, "temperature must be 1 with thinking")
    return thinking.get("type") in ("enabled", "adaptive")


def check_messages(messages):
    require(messages, "A conversation must have at least one message.")
    require(messages[0]["role"] == "user", "A conversation must start with a user message.")
    for before, after in itertools.pairwise(messages):
        require(before["role"] != after["role"],
                "A conversation must alternate between user and assistant roles.")
    open_calls, names = [], set()
    for index, message in enumerate(messages):
        where = f"messages.{index}.content"
        require(message["content"], f"The content field in the Message object at {where} is empty.")
        results = [b["toolResult"]["toolUseId"] for b in message["content"] if "toolResult" in b]
        require(sorted(results) == sorted(open_calls),
                f"{where}: toolResult for {results}, toolUse were {open_calls}")
        open_calls = []
        for block in message["content"]:
            check_block(block, where, open_calls, names)


def check_block(block, where, open_calls, names):
    match block:
        case {"text": text}:
            require(text.strip(), f"The text field in the ContentBlock object at {where} is blank.")
        case {"toolUse": use}:
            require(use["toolUseId"] == IDS.get(use["name"]), f"{where}: id {use['toolUseId']!r}")
            story.check_call(use["name"], use["input"])
            open_calls.append(use["toolUseId"])
        case {"reasoningContent": {"reasoningText": reasoning}}:
            require(reasoning.get("signature") == story.signature("bedrock", reasoning["text"]),
                    f"{where}: Invalid `signature` in `thinking` block")
        case {"document": document}:
            name = document["name"]
            require(DOCUMENT_NAME.fullmatch(name) and name not in names, f"document name {name!r}")
            names.add(name)


def last_turn(messages) -> story.Ask:
    ask = story.Ask("")
    calls = {}
    for message in messages:
        content = message["content"]
        calls |= {b["toolUse"]["toolUseId"]: b["toolUse"]["name"]
                  for b in content if "toolUse" in b}
        if message["role"] == "user":
            ask.results = [(calls[b["toolResult"]["toolUseId"]], plain(b["toolResult"]))
                           for b in content if "toolResult" in b]
            texts = [b["text"] for b in content if "text" in b]
            if texts:
                ask.text = texts[-1]
                ask.images = [(f"image/{b['image']['format']}",
                               story.decoded(b["image"]["source"]["bytes"]))
                              for b in content if "image" in b]
    return ask


def plain(result) -> str:
    return "".join(c.get("text") or json.dumps(c.get("json", ""), ensure_ascii=False)
                   for c in result["content"])


def blocks(turn) -> list:
    found = []
    if turn.thought:
        found.append({"reasoningContent": {"reasoningText": {
            "text": turn.thought, "signature": story.signature("bedrock", turn.thought)}}})
    if turn.text:
        found.append({"text": turn.text})
    found += [{"toolUse": {"toolUseId": IDS[name], "name": name, "input": arguments}}
              for name, arguments in turn.calls]
    return found


def usage() -> dict:
    fresh = story.INPUT_TOKENS - story.CACHED_TOKENS
    return {"inputTokens": fresh, "outputTokens": story.OUTPUT_TOKENS,
            "totalTokens": story.INPUT_TOKENS + story.OUTPUT_TOKENS,
            "cacheReadInputTokens": story.CACHED_TOKENS, "cacheWriteInputTokens": 0}


def events(turn):
    def event(kind, **members):
        headers = {":event-type": kind, ":content-type": "application/json",
                   ":message-type": "event"}
        return aws_service.frame(headers, json.dumps({**members, "p": "abcdefgh"},
                                                     ensure_ascii=False).encode())

    yield event("messageStart", role="assistant")
    for index, block in enumerate(blocks(turn)):
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield event("contentBlockStart", start=start, contentBlockIndex=index)
        for delta in deltas(block):
            yield event("contentBlockDelta", delta=delta, contentBlockIndex=index)
        yield event("contentBlockStop", contentBlockIndex=index)
    yield event("messageStop", stopReason=STOPS[turn.stop])
    yield event("metadata", usage=usage(), metrics={"latencyMs": 551})


def deltas(block):
    match block:
        case {"text": text}:
            for word in story.words(text):
                yield {"text": word}
        case {"reasoningContent": {"reasoningText": reasoning}}:
            for word in story.words(reasoning["text"]):
                yield {"reasoningContent": {"text": word}}
            yield {"reasoningContent": {"signature": reasoning["signature"]}}
        case {"toolUse": use}:
            for part in story.fragments(use["input"])[1:] if use["input"] else []:
                yield {"toolUse": {"input": part}}
