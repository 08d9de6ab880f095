"""Bytes cut anywhere become whole events, lines or characters.

A splitter takes the read buffers as they come. What is not finished is kept, up to a limit.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from .failure import Failure

DEFAULT_MAX_BYTES = 16 * 1024 * 1024
"""Most bytes of one line or event, unless said otherwise."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = b" \t\n\r\x0c"


class LineSplitter:
    r"""Splits bytes into lines without blanks at their ends; empty lines are left out.

    >>> lines = LineSplitter()
    >>> lines.push(b'{"a":')
    []
    >>> lines.push(b'1}\r\n\r\n{')
    [b'{"a":1}']
    >>> lines.finish()
    b'{'
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._pending = bytearray()
        self._max_bytes = max_bytes
        self._at_start = True

    def push(self, chunk: bytes) -> list[bytes]:
        """Takes the next bytes, returns the lines that are finished.

        Raises: `Failure` of kind `upstream-error` for a line over the limit.
        """
        *ended, rest = chunk.split(b"\n")
        lines = []
        for part in ended:
            self._append(part)
            line = self._take()
            if line:
                lines.append(line)
        self._append(rest)
        return lines

    def finish(self) -> bytes | None:
        """What stands after the last line end."""
        return self._take() or None

    def _append(self, part: bytes) -> None:
        if len(self._pending) + len(part) > self._max_bytes:
            raise Failure.upstream(f"the provider sent a line of over {self._max_bytes} bytes")
        self._pending += part

    def _take(self) -> bytes:
        line = bytes(self._pending)
        self._pending.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.strip(_SPACE)


@dataclass
class SseEvent:
    """One server-sent event (WHATWG HTML, section 9.2.6)."""

    data: bytes = b""
    """The lines of `data:`, joined by LF."""
    event: str | None = None
    """Its `event:`; none means "message"."""
    id: str | None = None
    """Its own `id:`."""
    retry_ms: int | None = None
    """Its own `retry:`."""


class SseSplitter:
    r"""Splits bytes into server-sent events.

    Takes a byte order mark, LF, CRLF and CR as line ends, comments, data of many lines and
    fields it does not know. An event without data is no event.

    >>> events = SseSplitter()
    >>> events.push(b": hello\nevent: tick\nda")
    []
    >>> events.push(b"ta: 1\n\n")
    [SseEvent(data=b'1', event='tick', id=None, retry_ms=None)]
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._line = bytearray()
        self._fields: list[tuple[bytes, bytes]] = []
        self._bytes = 0
        self._max_bytes = max_bytes
        self._after_cr = False
        self._at_start = True

    def push(self, chunk: bytes) -> list[SseEvent]:
        """Takes the next bytes, returns the events that are finished.

        Raises: `Failure` of kind `upstream-error` for an event over the limit.
        """
        if not chunk:
            return []
        if self._after_cr:
            # The line ended with its CR; this is the rest of a CRLF.
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        *ended, rest = _LINE_END.split(chunk)
        events = []
        for part in ended:
            self._append(part)
            event = self._end_line()
            if event is not None:
                events.append(event)
        self._append(rest)
        return events

    def finish(self) -> SseEvent | None:
        """An event that lacks its blank line. Whether it is one is for the dialect to say."""
        if self._line:
            self._end_line()
        return self._end_event()

    def _append(self, part: bytes) -> None:
        self._bytes += len(part)
        if self._bytes > self._max_bytes:
            raise Failure.upstream(f"the provider sent an event of over {self._max_bytes} bytes")
        self._line += part

    def _end_line(self) -> SseEvent | None:
        line = bytes(self._line)
        self._line.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._end_event()
        name, _, value = line.partition(b":")
        if name:
            self._fields.append((name, value.removeprefix(b" ")))
        return None

    def _end_event(self) -> SseEvent | None:
        fields, self._fields, self._bytes = self._fields, [], 0
        data = [value for name, value in fields if name == b"data"]
        if not data:
            return None
        event = SseEvent(b"\n".join(data))
        for name, value in fields:
            if name == b"event":
                event.event = value.decode(errors="replace")
            elif name == b"id" and b"\0" not in value:
                event.id = value.decode(errors="replace")
            elif name == b"retry" and value.isdigit():
                event.retry_ms = int(value[:18])
        return event


_LINE_END = re.compile(rb"\r\n|\n|\r")


class Utf8Splitter:
    r"""Turns bytes into text, holding back a character until it is whole.

    Bytes that are not UTF-8 become U+FFFD.

    >>> text = Utf8Splitter()
    >>> text.push(b"caf\xc3")
    'caf'
    >>> text.push(b"\xa9!")
    'é!'
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, chunk: bytes) -> str:
        """Takes the next bytes, returns the text that is whole."""
        return self._decoder.decode(chunk)

    def finish(self) -> str:
        """One U+FFFD if the bytes ended inside a character, else nothing."""
        return self._decoder.decode(b"", final=True)
