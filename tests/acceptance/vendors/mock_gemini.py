"""Mock of Google's Gemini API.

Sources: https://ai.google.dev/api/generate-content, .../api/embeddings, .../api/tokens,
https://ai.google.dev/gemini-api/docs/thought-signatures, .../function-calling, and the types of
the official package.
"""

import itertools
import json
import re
import urllib.parse

from google.genai import types

import story
import typed
from vendor import Vendor, check_tool_names
from wire import (Reply, expect_header, expect_json, expect_no_header, json_reply,
                  require, require_none, sse)

STOPS = {"end": "STOP", "tools": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"}
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED",
            404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
BODY = {"contents": list[types.Content], "systemInstruction": types.Content,
        "tools": list[types.Tool], "toolConfig": types.ToolConfig,
        "safetySettings": list[types.SafetySetting], "cachedContent": str,
        "generationConfig": types.GenerationConfig}
EMBED = {"model": str, "content": types.Content, "taskType": str, "title": str,
         "outputDimensionality": int}
# The signatures that Google documents for histories of other models. Here every history is the
# mock's own, so one of these means that the real one was lost.
DUMMIES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")


class Gemini(Vendor):
    name = "gemini"
    key = "AIzaAcceptance0123456789"
    model = "gemini-3-flash-preview"
    embedding_model = "gemini-embedding-001"
    gives_ids = True
    body_members = BODY
    path = re.compile(r"/v1(?:beta)?/models/([^/:]+):([A-Za-z]+)")
    troubles = {
        "too-long": (400, None, "The input token count (1200001) exceeds the maximum number of "
                     "tokens allowed (1048576)."),
        "overloaded": (503, None, "The model is overloaded. Please try again later."),
    }

    def error_body(self, status, message, code):
        error = {"code": status, "message": message, "status": code or STATUSES.get(status)}
        if status == 429:
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo",
                                 "retryDelay": f"{story.RETRY_AFTER}s"}]
        return {"error": error}

    def authenticate(self, request):
        expect_header(request, "x-goog-api-key", self.key, 400)
        expect_no_header(request, "authorization", "x-api-key")
        require("key" not in request.query, "the key belongs into the header")

    def reply(self, request):
        self.authenticate(request)
        if request.method == "GET":
            return json_reply({"models": [{"name": f"models/{self.model}"}]})
        expect_json(request)
        found = self.path.fullmatch(request.path)
        require(found, f"path {request.path}", 404)
        model, method = urllib.parse.unquote(found[1]), found[2]
        body = request.json()
        streams = method == "streamGenerateContent"
        require(request.query == ({"alt": ["sse"]} if streams else {}),
                f"query {request.raw_query!r}")
        if method in ("batchEmbedContents", "embedContent", "predict"):
            require(model == self.embedding_model, f"models/{model} is not found", 404)
            return self.embed(method, body)
        require(model == self.model, f"models/{model} is not found", 404)
        if method == "countTokens":
            return self.count(body)
        require(streams or method == "generateContent", f"method {method}", 404)
        return self.generate(body, streams)

    def generate(self, body, streams):
        require_none(typed.unknown_or_wrong(body, self.body_members, ("contents",)))
        ask = self.read(body)
        turn = story.play(ask)
        head = {"modelVersion": self.model, "responseId": "acceptance"}
        if streams:
            documents = stream(turn, head, self.gives_ids)
            return Reply(b"".join(sse(None, d).replace(b"\n\n", b"\r\n\r\n") for d in documents),
                         "text/event-stream", is_stream=True, breaks_off=turn.breaks_off)
        candidate = {"content": {"role": "model", "parts": parts(turn, self.gives_ids)},
                     "finishReason": STOPS[turn.stop], "index": 0}
        return json_reply({"candidates": [candidate], "usageMetadata": usage(turn), **head},
                          breaks_off=turn.breaks_off)

    def read(self, body) -> story.Ask:
        declared = [f for tool in body.get("tools") or []
                    for f in tool.get("functionDeclarations") or []]
        check_tool_names(f["name"] for f in declared)
        for f in declared:
            require(not ("parameters" in f and "parametersJsonSchema" in f),
                    f"{f['name']}: parameters and parametersJsonSchema")
        check_contents(body["contents"], self.gives_ids)
        ask = last_turn(body["contents"])
        ask.tools = {f["name"]: f.get("parametersJsonSchema") or f.get("parameters_json_schema")
                     or f.get("parameters") for f in declared}
        thinking = (body.get("generationConfig") or {}).get("thinkingConfig") or {}
        require(not ("thinkingBudget" in thinking and "thinkingLevel" in thinking),
                "thinking_budget and thinking_level cannot both be set")
        ask.thinks = bool(thinking.get("includeThoughts"))
        return ask

    def count(self, body):
        members = {"contents": BODY["contents"], "generateContentRequest": dict[str, object]}
        require_none(typed.unknown_or_wrong(body, members))
        require(("contents" in body) != ("generateContentRequest" in body),
                "either contents or generateContentRequest")
        inner = body.get("generateContentRequest")
        if inner is not None:
            require_none(typed.unknown_or_wrong(inner, {**BODY, "model": str},
                                                ("contents", "model")))
            require(inner["model"] == f"models/{self.model}", f"model {inner['model']!r}")
        check_contents((inner or body)["contents"], self.gives_ids)
        return json_reply({"totalTokens": story.INPUT_TOKENS})

    def embed(self, method, body):
        requests = body.get("requests") if method == "batchEmbedContents" else [body]
        require(isinstance(requests, list) and 0 < len(requests) <= 100,
                "at most 100 requests can be in one batch")
        vectors = []
        for request in requests:
            require_none(typed.unknown_or_wrong(request, EMBED, ("model", "content")))
            require(request["model"] == f"models/{self.embedding_model}",
                    f"requests[].model: {request['model']!r}")
            text = "".join(part["text"] for part in request["content"]["parts"])
            vectors.append({"values": story.vector(text, request.get("outputDimensionality", 8))})
        if method == "embedContent":
            return json_reply({"embedding": vectors[0]})
        return json_reply({"embeddings": vectors})


def check_contents(contents, gives_ids):
    require(contents, "contents is not specified")
    for content in contents:
        require(content.get("parts"), "contents.parts must not be empty")
        require(content.get("role") in ("user", "model"),
                f"Please use a valid role: user, model; not {content.get('role')!r}")
        for part in content["parts"]:
            data = [m for m in ("text", "inlineData", "fileData", "functionCall",
                                "functionResponse") if m in part]
            require(len(data) == 1, f"required oneof field 'data' must have one value: {data}")
    require(contents[0]["role"] == "user", "the first turn must be the user's")
    for before, after in itertools.pairwise([None, *contents, None]):
        calls = [p["functionCall"] for p in (before or {"parts": []})["parts"]
                 if "functionCall" in p]
        answers = [p["functionResponse"] for p in (after or {"parts": []})["parts"]
                   if "functionResponse" in p]
        require(len(calls) == len(answers) or (calls and after is None and not answers),
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn.")
        require(not calls or after is not None, "a function call without a response")
        for call, answer in zip(calls, answers):
            require(call["name"] == answer["name"], "function responses are in another order: "
                    f"{call['name']} and {answer['name']}")
            require(isinstance(answer.get("response"), dict), "functionResponse.response: Struct")
            require(call.get("id") == answer.get("id"),
                    f"functionResponse.id {answer.get('id')}, the call's is {call.get('id')}")
            if gives_ids:
                require(call.get("id") == call_id(call["name"]), f"id {call.get('id')!r}")
    check_signatures(contents)


def check_signatures(contents):
    """Every step of the current turn starts with a signed call; what is given must be genuine."""
    asked = max((i for i, c in enumerate(contents)
                 if c["role"] == "user" and any("text" in p for p in c["parts"])), default=0)
    for index, content in enumerate(contents):
        if content["role"] != "model":
            continue
        calls = [p for p in content["parts"] if "functionCall" in p]
        for part in calls:
            call = part["functionCall"]
            story.check_call(call["name"], call.get("args") or {})
        if calls and index > asked:
            require(calls[0].get("thoughtSignature"), "Function call is missing a "
                    f"thought_signature in functionCall parts: {calls[0]['functionCall']}")
        for part in content["parts"]:
            given = part.get("thoughtSignature")
            if given is not None:
                require(given not in DUMMIES, "a dummy instead of the thought signature")
                require(standard(given) == signature(part),
                        "the thought signature is not this part's")


def signature(part) -> str:
    if "functionCall" in part:
        return story.signature("gemini", part["functionCall"]["name"],
                               part["functionCall"].get("args") or {})
    return story.signature("gemini", "text")


def call_id(name) -> str:
    return f"fc-{name}-7"


def last_turn(contents) -> story.Ask:
    ask = story.Ask("")
    for content in contents:
        if content["role"] != "user":
            continue
        listed = content["parts"]
        answers = [p["functionResponse"] for p in listed if "functionResponse" in p]
        ask.results = [(a["name"], json.dumps(a["response"], ensure_ascii=False)) for a in answers]
        texts = [p["text"] for p in listed if "text" in p]
        if texts:
            ask.text = texts[-1]
            ask.images = [image(p["inlineData"]) for p in listed if "inlineData" in p]
    return ask


def standard(text) -> str:
    """Base64 in the standard alphabet; Google reads the URL-safe one too."""
    return text.replace("-", "+").replace("_", "/")


def image(blob):
    # The API reads both spellings of every member; the official client sends this one so.
    return blob.get("mimeType") or blob.get("mime_type"), story.decoded(standard(blob["data"]))


def parts(turn, gives_ids) -> list:
    found = []
    if turn.thought:
        found.append({"text": turn.thought, "thought": True})
    if turn.text:
        part = {"text": turn.text}
        if turn.thought:
            part["thoughtSignature"] = signature(part)
        found.append(part)
    for index, (name, arguments) in enumerate(turn.calls):
        call = {"name": name, "args": arguments}
        if gives_ids:
            call["id"] = call_id(name)
        part = {"functionCall": call}
        if index == 0:
            # Of parallel calls only the first is signed.
            part["thoughtSignature"] = signature(part)
        found.append(part)
    return found


def usage(turn) -> dict:
    thought = story.THOUGHT_TOKENS if turn.thought else 0
    found = {"promptTokenCount": story.INPUT_TOKENS,
             "candidatesTokenCount": story.OUTPUT_TOKENS - thought,
             "totalTokenCount": story.INPUT_TOKENS + story.OUTPUT_TOKENS,
             "cachedContentTokenCount": story.CACHED_TOKENS}
    return {**found, "thoughtsTokenCount": thought} if thought else found


def stream(turn, head, gives_ids):
    def document(part=None, reason=None):
        candidate = {"index": 0}
        if part is not None:
            candidate["content"] = {"role": "model", "parts": [part]}
        if reason:
            candidate["finishReason"] = reason
        return {"candidates": [candidate], "usageMetadata": usage(turn), **head}

    for part in parts(turn, gives_ids):
        if "text" not in part:
            yield document(part)
            continue
        signed = part.get("thoughtSignature")
        thought = {"thought": True} if part.get("thought") else {}
        for word in story.words(part["text"]):
            yield document({"text": word, **thought})
        if signed:
            # In streams the signature of a text may come with an empty last piece.
            yield document({"text": "", "thoughtSignature": signed})
    yield document(None if turn.calls else {"text": ""}, STOPS[turn.stop])
