"""Cirrus's replies as canonical documents."""

from __future__ import annotations

from typing import Any

from patchbay_sdk import (
    Call,
    Decoder,
    Document,
    Failure,
    ReplyIdentity,
    ResponseHead,
    json_text,
    reply,
)
from patchbay_sdk.split import LineSplitter

from cirrus import faults

_REASONS = {"done": reply.STOP, "limit": reply.LENGTH, "unfit": reply.CONTENT_FILTER}


class ReplyDecoder(Decoder):
    """Reads JSON lines; a reply without `flow` is one line, with the members of all events."""

    def __init__(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> None:
        """Starts a reply."""
        super().__init__(call, identity, head)
        self._lines = LineSplitter()
        self._reply = reply.ReplyWriter(call, identity)
        self._ended = False

    def push(self, chunk: bytes) -> list[Document]:
        """Reads the events that are whole."""
        for line in self._lines.push(chunk):
            self._read(line)
        return self._reply.take()

    def finish(self, clean: bool) -> list[Document]:
        """Ends the reply, which has to have its `end`."""
        line = self._lines.finish()
        if line is not None and (clean or json_text.read_object(line) is not None):
            self._read(line)
        if not self._ended:
            raise Failure.truncated("the reply of Cirrus broke off before its end")
        return self._reply.end()

    def _read(self, line: bytes) -> None:
        event = json_text.read_object(line)
        if event is None:
            raise Failure.upstream("a line of Cirrus's reply is not a JSON object")
        failure = faults.of_event(event)
        if failure is not None:
            raise failure
        if self._ended:
            raise Failure.upstream("Cirrus went on after the end of its reply")
        if isinstance(event.get("text"), str):
            self._reply.text(event["text"])
        for use in _uses(event):
            arguments = json_text.write(use.get("input") or {}).decode()
            self._reply.call(use.get("id"), str(use.get("tool") or ""), arguments)
        if "end" in event:
            self._end(event)

    def _end(self, event: dict[str, Any]) -> None:
        self._ended = True
        self._reply.finish_reason(_REASONS.get(str(event["end"]), reply.STOP))
        count = event.get("count")
        if isinstance(count, dict):
            read, written = (_number(count.get(name)) for name in ("read", "written"))
            self._reply.usage(reply.usage(read, written))


def _uses(event: dict[str, Any]) -> list[dict[str, Any]]:
    """One tool in an event, or all of a reply's."""
    found = event.get("uses", [event.get("use")])
    if not isinstance(found, list):
        raise Failure.upstream("the uses in Cirrus's reply are no list")
    return [use for use in found if isinstance(use, dict)]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
