"""How long a provider asks to wait."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

from .contract import ResponseHead

MAX_WAIT_MS = 86_400_000
"""Longest wait that is believed: a day. Anything longer is read as a day."""


def retry_after_ms(head: ResponseHead) -> int | None:
    """The wait that a reply asks for: `retry-after-ms`, else `Retry-After` (RFC 9110, 10.2.3).

    A plugin has no clock: a date is compared with the reply's own `Date`, and without one it is
    not used.
    """
    exact = _number(head.header("retry-after-ms"), 1)
    if exact is not None:
        return exact
    text = head.header("retry-after")
    wait = _number(text, 1000)
    return _until(text, head.header("date")) if wait is None else wait


def _number(text: str | None, scale: int) -> int | None:
    try:
        wait = float(text or "") * scale
    except ValueError:
        return None
    if not wait >= 0:
        return None
    return math.ceil(min(wait, MAX_WAIT_MS))


def _until(text: str | None, now: str | None) -> int | None:
    if text is None or now is None:
        return None
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(now)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(math.ceil(wait.total_seconds() * 1000), 0), MAX_WAIT_MS)
