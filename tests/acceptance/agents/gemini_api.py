"""Google's Gemini API, as far as an agent asks it.

Source: https://ai.google.dev/api/generate-content and .../gemini-api/docs/function-calling.
"""

import re

import story

PATH = re.compile(r"/v1beta/models/[^/:]+:(generateContent|streamGenerateContent|countTokens)")


def key(headers) -> str | None:
    return headers.get("x-goog-api-key")


def error(status: int, message: str) -> dict:
    words = {401: "UNAUTHENTICATED", 500: "INTERNAL"}
    return {"error": {"code": status, "message": message, "status": words.get(status, "UNKNOWN")}}


def streams(path: str, _body: dict) -> bool:
    return path.endswith(":streamGenerateContent")


def read(body: dict) -> tuple[list[str], list[str]]:
    """What the user said, and the results of calls since then."""
    texts, results = [], []
    for content in body["contents"]:
        if content.get("role") == "model":
            continue
        results = []
        for part in content["parts"]:
            if "text" in part:
                texts.append(part["text"])
            elif "functionResponse" in part:
                results.append(plain(part["functionResponse"]["response"]))
    return texts, results


def plain(response: dict) -> str:
    """What the command printed: the agent writes facts of its own around it."""
    output = response.get("output", str(response))
    found = re.search(r"^Output: (.*)$", output, re.MULTILINE)
    return found[1] if found else output


def whole(path: str, body: dict, turn: story.Turn) -> dict:
    if path.endswith(":countTokens"):
        return {"totalTokens": story.PROMPT_TOKENS}
    return document(list(parts(turn)), is_last=True)


def document(content: list[dict], is_last: bool) -> dict:
    candidate = {"content": {"role": "model", "parts": content}, "index": 0}
    if is_last:
        candidate["finishReason"] = "STOP"
    usage = {"promptTokenCount": story.PROMPT_TOKENS,
             "cachedContentTokenCount": story.CACHED_TOKENS,
             "candidatesTokenCount": story.COMPLETION_TOKENS - 5, "thoughtsTokenCount": 5,
             "totalTokenCount": story.PROMPT_TOKENS + story.COMPLETION_TOKENS}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "acceptance",
            "modelVersion": "acceptance"}


def parts(turn: story.Turn):
    if turn.thought:
        yield {"text": f"**Orders** {turn.thought}", "thought": True}
    for piece in story.pieces(turn.text):
        yield {"text": piece}
    if turn.command:
        call = {"name": "run_shell_command", "args": {"command": turn.command}}
        yield {"functionCall": call, "thoughtSignature": "c2lnbmVk"}


def events(_body: dict, turn: story.Turn):
    """Values of the events, which have no names."""
    said = list(parts(turn))
    for number, part in enumerate(said):
        yield None, document([part], is_last=number == len(said) - 1)
