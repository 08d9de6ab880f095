"""A canonical chat request in Cirrus's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from patchbay_sdk import Call, Encoded, Failure, json_text, request
from patchbay_sdk.json_text import Object
from patchbay_sdk.request import DataUrl, Dropped

_SAME_MEANING = {"temperature": "heat", "top_p": "breadth", "seed": "seed"}
# Said otherwise, or by the call.
_SPENT = ("model", "stream", "stream_options")
_SENDERS = {"user": "person", "assistant": "engine", "tool": "tool"}


@dataclass
class DialectSettings:
    """What the operator sets."""

    reply_limit: int = 4096


@dataclass
class _Asking:
    """A request in the making."""

    body: Object
    guide: list[str] = field(default_factory=list)
    dropped: Dropped = field(default_factory=Dropped)


def encode_chat(call: Call, chat: Object) -> Encoded:
    """Writes the request. What Cirrus has no word for is named as dropped."""
    settings = call.read_settings(DialectSettings)
    asking = _Asking({"engine": call.model, "flow": call.streaming})
    for name in _SPENT:
        chat.pop(name, None)
    _write_turns(asking, request.messages(chat))
    _write_tuning(asking, chat, settings)
    _write_tools(asking, chat)
    # Cirrus ignores members that it does not know, so what callers send on purpose goes along.
    asking.dropped.add_members("", {name: chat.pop(name) for name in _known_losses(chat)})
    body = {**chat, **asking.body}
    return Encoded(body=json_text.write(body), dropped=asking.dropped.paths)


def _known_losses(chat: Object) -> list[str]:
    """Members of OpenAI's that Cirrus would not understand."""
    losses = ("n", "logprobs", "top_logprobs", "logit_bias", "response_format", "tool_choice")
    more = ("presence_penalty", "frequency_penalty", "parallel_tool_calls", "reasoning_effort")
    return [name for name in (*losses, *more) if name in chat]


def _write_turns(asking: _Asking, messages: list[Object]) -> None:
    turns = []
    for at, message in enumerate(messages):
        path = f"messages[{at}]"
        parts = request.content_parts(message.get("content"), f"{path}.content")
        role = message["role"]
        if role in ("system", "developer"):
            asking.guide += [str(part.get("text", "")) for part in parts]
        elif role in _SENDERS:
            pieces = _pieces(asking, parts, f"{path}.content")
            turns.append(_turn(asking, message, path) | {"pieces": pieces})
        else:
            raise Failure.invalid_request(f"{path}.role", f"Cirrus knows no role {role}")
    if asking.guide:
        asking.body["guide"] = "\n\n".join(asking.guide)
    asking.body["turns"] = turns


def _turn(asking: _Asking, message: Object, path: str) -> Object:
    turn: Object = {"from": _SENDERS[message["role"]]}
    if message["role"] == "tool":
        turn["of"] = message.get("tool_call_id")
    calls = request.objects(message.get("tool_calls"), f"{path}.tool_calls")
    uses = [_use(call) for call in calls]
    if uses:
        turn["uses"] = uses
    taken = ("role", "content", "tool_call_id", "tool_calls")
    rest = {name: value for name, value in message.items() if name not in taken}
    asking.dropped.add_members(f"{path}.", rest)
    return turn


def _use(call: Object) -> Object:
    function = _object(call.get("function"))
    text = str(function.get("arguments") or "{}")
    arguments = json_text.read_object(text)
    # Arguments that are no object are the model's own words; it gets them back as they were.
    given: Any = text if arguments is None else arguments
    return {"id": call.get("id"), "tool": function.get("name"), "input": given}


def _pieces(asking: _Asking, parts: list[Object], path: str) -> list[Object]:
    pieces = []
    for at, part in enumerate(parts):
        piece = _piece(part)
        if piece is None:
            asking.dropped.add(f"{path}[{at}]")
        else:
            pieces.append(piece)
    return pieces


def _piece(part: Object) -> Object | None:
    if part.get("type") == "text":
        return {"text": part.get("text")}
    url = _object(part.get("image_url")).get("url")
    content = DataUrl.parse(url) if isinstance(url, str) else None
    # Cirrus fetches no address.
    return {"image": content.base64, "as": content.media_type} if content else None


def _write_tuning(asking: _Asking, chat: Object, settings: DialectSettings) -> None:
    for name, word in _SAME_MEANING.items():
        value = chat.pop(name, None)
        if value is not None:
            asking.body[word] = value
    limits = [chat.pop(name, None) for name in ("max_completion_tokens", "max_tokens")]
    asking.body["limit"] = next((it for it in limits if it is not None), settings.reply_limit)
    stop = chat.pop("stop", None)
    if stop is not None:
        asking.body["halt"] = [stop] if isinstance(stop, str) else stop


def _write_tools(asking: _Asking, chat: Object) -> None:
    tools = request.objects(chat.pop("tools", None), "tools")
    if chat.get("tool_choice") == "none":
        # Without tools none is used.
        del chat["tool_choice"]
        return
    if chat.get("tool_choice") == "auto":
        del chat["tool_choice"]
    written = []
    for at, tool in enumerate(tools):
        function = _object(tool.get("function"))
        if not function:
            asking.dropped.add(f"tools[{at}]")
            continue
        input_shape = function.get("parameters") or {"type": "object"}
        about = function.get("description", "")
        written.append({"name": function.get("name"), "about": about, "input": input_shape})
    if written:
        asking.body["tools"] = written


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
