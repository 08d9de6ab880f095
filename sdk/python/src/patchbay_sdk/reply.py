"""Canonical replies, for dialects that have to write them.

`ReplyWriter` writes chats of any kind, `embeddings` and `token_count` the other operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from . import json_text
from .contract import Call, Document, ReplyIdentity
from .failure import Failure
from .json_text import Object

STOP = "stop"
LENGTH = "length"
TOOL_CALLS = "tool_calls"
CONTENT_FILTER = "content_filter"

_ENCRYPTED = "reasoning.encrypted"
_CALL_ID_CHARACTERS = 24


def usage(
    prompt_tokens: int,
    completion_tokens: int,
    *,
    cached_tokens: int | None = None,
    reasoning_tokens: int | None = None,
) -> Object:
    """What a provider counted, in canonical form.

    `cached_tokens` are among `prompt_tokens`, `reasoning_tokens` among `completion_tokens`.
    """
    counted: Object = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    if cached_tokens is not None:
        counted["prompt_tokens_details"] = {"cached_tokens": cached_tokens}
    if reasoning_tokens is not None:
        counted["completion_tokens_details"] = {"reasoning_tokens": reasoning_tokens}
    return counted


def embeddings(model: str, vectors: Iterable[Any], counted: Object | None = None) -> Document:
    """The document with vectors in the order of the input.

    A vector is a list of numbers; base64, where the caller wants it, is the host's affair.

    Raises: `Failure` of kind `upstream-error` if a vector is no list.
    """
    data = []
    for index, vector in enumerate(vectors):
        if not isinstance(vector, list):
            raise Failure.upstream("a vector of the provider's reply is no array")
        data.append({"object": "embedding", "index": index, "embedding": vector})
    document: Object = {"object": "list", "data": data, "model": model}
    if counted is not None:
        document["usage"] = counted
    return json_text.write(document)


def token_count(input_tokens: int) -> Document:
    """The document that answers `count-tokens`."""
    return json_text.write({"object": "token_count", "input_tokens": input_tokens})


@dataclass
class _ToolCall:
    id: str
    name: str
    arguments: str = ""
    has_arguments: bool = False

    def whole(self) -> Object:
        arguments = self.arguments if self.has_arguments else "{}"
        function = {"name": self.name, "arguments": arguments}
        return {"id": self.id, "type": "function", "function": function}


@dataclass
class _Choice:
    index: int
    begun: bool = False
    message: Object = field(default_factory=dict)
    calls: list[_ToolCall] = field(default_factory=list)
    reason: str | None = None
    logprobs: Any = None

    def final_reason(self) -> str:
        if self.calls and self.reason in (None, STOP):
            return TOOL_CALLS
        return self.reason or STOP

    def append(self, member: str, text: str) -> None:
        self.message[member] = (self.message.get(member) or "") + text

    def whole(self) -> Object:
        message = {"role": "assistant", "content": None, **self.message}
        if message["content"] is None and not self.calls and "refusal" not in message:
            message["content"] = ""
        if self.calls:
            message["tool_calls"] = [call.whole() for call in self.calls]
        return {
            "index": self.index,
            "message": message,
            "finish_reason": self.final_reason(),
            "logprobs": self.logprobs,
        }


class ReplyWriter:
    """Writes one chat reply, whether it streams or not.

    A decoder says what it reads, and gets chunks from `take` as it goes, or one document from
    `end`. It keeps the rules that clients rely on: the same id, time and model everywhere; the
    role in the first delta of a choice; indices of tool calls distinct and stable, their id and
    name once; arguments always JSON, `{}` where there are none; `finish_reason` once, at the end,
    and `tool_calls` where a provider says "stop" after calling; content null where there are only
    calls.
    """

    def __init__(self, call: Call, identity: ReplyIdentity) -> None:
        self._id = identity.id
        self._created = identity.created
        self._model = call.model
        self._call_base = identity.id[-_CALL_ID_CHARACTERS:]
        self._streams = call.streaming
        self._ready: list[Document] = []
        self._choices: list[_Choice] = []
        self._at = 0
        self._usage: Object | None = None
        self._members: Object = {}

    def identify(self, id: str | None = None, model: str | None = None) -> None:
        """Takes the provider's own id and model over; before anything else is written."""
        self._id = id or self._id
        self._model = model or self._model

    def choice(self, index: int) -> None:
        """Turns to the choice of an index. The first is 0, and nothing has to be said of it."""
        known = (at for at, choice in enumerate(self._choices) if choice.index == index)
        self._at = next(known, len(self._choices))
        if self._at == len(self._choices):
            self._choices.append(_Choice(index))

    def begin(self) -> None:
        """Begins the choice: the chunk with the role goes out although there is no content yet."""
        choice = self._choice()
        if not choice.begun:
            choice.begun = True
            self._chunk({"role": "assistant", "content": ""})

    def text(self, text: str) -> None:
        """Appends text."""
        self._append("content", text)

    def refusal(self, text: str) -> None:
        """Appends to the reason why the model declines."""
        self._append("refusal", text)

    def reasoning_text(self, text: str) -> None:
        """Appends reasoning of a provider that does not want it back."""
        self._append("reasoning_content", text)

    def reasoning(self, detail: Object) -> None:
        """Appends reasoning that can be given back: `reasoning_details`.

        What is readable of it is `reasoning_content` too. In a stream each fragment has the
        `index` of its piece.
        """
        self.begin()
        readable = detail.get("text") or detail.get("summary")
        if self._streams:
            delta = {"reasoning_content": readable} if readable else {}
            self._chunk({**delta, "reasoning_details": [detail]})
            return
        if readable:
            self._choice().append("reasoning_content", readable)
        join_detail(self._choice().message.setdefault("reasoning_details", []), detail)

    def begin_call(self, id: str | None, name: str) -> int:
        """Begins a tool call and returns its index within the choice.

        Without an id of the provider's it gets one that no other reply has.
        """
        self.begin()
        choice = self._choice()
        index = len(choice.calls)
        if not id:
            place = f"{choice.index}_{index}" if choice.index else f"{index}"
            id = f"call_{self._call_base}_{place}"
        choice.calls.append(_ToolCall(id, name))
        function = {"name": name, "arguments": ""}
        self._call_chunk({"index": index, "id": id, "type": "function", "function": function})
        return index

    def arguments(self, call: int, fragment: str) -> None:
        """Appends a piece of a call's arguments, which join to a JSON text."""
        if not fragment:
            return
        state = self._choice().calls[call]
        state.has_arguments = True
        if self._streams:
            self._call_chunk({"index": call, "function": {"arguments": fragment}})
        else:
            state.arguments += fragment

    def call(self, id: str | None, name: str, arguments: str) -> None:
        """A whole tool call; `arguments` is JSON text."""
        self.arguments(self.begin_call(id, name), arguments)

    def member(self, name: str, value: Any) -> None:
        """Writes a member that canonical has no place for: into the delta, or the message."""
        self.begin()
        if self._streams:
            self._chunk({name: value})
        else:
            self._choice().message[name] = value

    def reply_member(self, name: str, value: Any) -> None:
        """Writes a member of the reply itself: into the last chunk, or the document."""
        self._members[name] = value

    def logprobs(self, logprobs: Any) -> None:
        """Log probabilities, in canonical form. In a stream those of what is new."""
        self.begin()
        if self._streams:
            self._write(delta={}, finish_reason=None, logprobs=logprobs)
        else:
            self._choice().logprobs = logprobs

    def finish_reason(self, reason: str) -> None:
        """Why the choice ended. Written by `end`."""
        self._choice().reason = reason

    def usage(self, counted: Object) -> None:
        """What the provider counted. Written by `end`; a later count replaces it."""
        self._usage = counted

    @property
    def is_begun(self) -> bool:
        """Whether anything was written."""
        return any(choice.begun for choice in self._choices)

    @property
    def has_finish_reason(self) -> bool:
        """Whether a finish reason was given for the current choice."""
        return bool(self._choices) and self._choice().reason is not None

    def take(self) -> list[Document]:
        """The chunks since the last time; nothing unless the call streams."""
        ready, self._ready = self._ready, []
        return ready

    def end(self) -> list[Document]:
        """Ends the reply: in a stream the last chunks, else the one document.

        A choice without a reason ends with `stop`, or `tool_calls`.
        """
        self._choice()
        if not self._streams:
            return [self._whole()]
        for at in range(len(self._choices)):
            self._at = at
            self._end_choice()
        if self._usage is not None or self._members:
            counted = {} if self._usage is None else {"usage": self._usage}
            self._ready.append(json_text.write(self._chunk_of([], **counted, **self._members)))
        return self.take()

    def _end_choice(self) -> None:
        self.begin()
        for index, call in enumerate(self._choice().calls):
            if not call.has_arguments:
                self.arguments(index, "{}")
        self._write(delta={}, finish_reason=self._choice().final_reason())

    def _whole(self) -> Document:
        choices = sorted(self._choices, key=lambda choice: choice.index)
        counted = {} if self._usage is None else {"usage": self._usage}
        document = {
            "id": self._id,
            "object": "chat.completion",
            "created": self._created,
            "model": self._model,
            "choices": [choice.whole() for choice in choices],
            **counted,
            **self._members,
        }
        return json_text.write(document)

    def _choice(self) -> _Choice:
        if not self._choices:
            self.choice(0)
        return self._choices[self._at]

    def _append(self, member: str, text: str) -> None:
        self.begin()
        if not self._streams:
            self._choice().append(member, text)
        elif text:
            self._chunk({member: text})

    def _call_chunk(self, call: Object) -> None:
        self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: Object) -> None:
        if self._streams:
            self._write(delta=delta, finish_reason=None)

    def _write(self, **members: Any) -> None:
        choice = {"index": self._choice().index, **members}
        self._ready.append(json_text.write(self._chunk_of([choice])))

    def _chunk_of(self, choices: list[Object], **members: Any) -> Object:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": choices,
            **members,
        }


def join_detail(details: list[Object], fragment: Object) -> None:
    """Appends a fragment to the piece of its index, or begins a new piece.

    Fragments of one piece have the same type and index; opaque data is never joined.
    """
    last = details[-1] if details else {}
    same = all(last.get(member) == fragment.get(member) for member in ("type", "index"))
    if not same or last.get("index") is None or fragment.get("type") == _ENCRYPTED:
        details.append(dict(fragment))
        return
    for member in ("text", "summary", "signature"):
        if fragment.get(member) is not None:
            last[member] = (last.get(member) or "") + fragment[member]
    if last.get("id") is None and fragment.get("id") is not None:
        last["id"] = fragment["id"]
