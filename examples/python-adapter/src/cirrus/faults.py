"""Cirrus's errors: `{"fault": {"code", "words", "member", "wait"}}`."""

from __future__ import annotations

import math
from typing import Any

from patchbay_sdk import Failure, FailureKind, ResponseHead, explain, json_text

_KINDS = {
    "malformed": FailureKind.INVALID_REQUEST,
    "engine": FailureKind.NOT_FOUND,
    "too-much": FailureKind.CONTEXT_TOO_LONG,
    "unfit": FailureKind.CONTENT_FILTERED,
    "key": FailureKind.UPSTREAM_AUTH,
    "quota": FailureKind.UPSTREAM_RATE_LIMITED,
    "crowded": FailureKind.UPSTREAM_OVERLOADED,
}


def of_reply(head: ResponseHead, body: bytes) -> Failure:
    """What an error reply means. Proxies before Cirrus answer with HTML: the default reads it."""
    return of_event(json_text.read_object(body) or {}) or explain.reply(head, body)


def of_event(event: dict[str, Any]) -> Failure | None:
    """The failure that an event tells; none if it is none."""
    fault = event.get("fault")
    if not isinstance(fault, dict):
        return None
    code = str(fault.get("code") or "unknown")
    kind = _KINDS.get(code, FailureKind.UPSTREAM_ERROR)
    words = str(fault.get("words") or f"Cirrus failed with the code {code}")
    if kind == FailureKind.UPSTREAM_AUTH:
        # The caller cannot mend it, and the words may quote the key.
        words = "Cirrus did not accept the gateway's key; its operator has to check it"
    member = fault.get("member")
    failure = Failure(kind, words, param=member if isinstance(member, str) else None)
    return failure.with_upstream_code(code).with_retry_after_ms(_wait_ms(fault.get("wait")))


def _wait_ms(seconds: Any) -> int | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    is_wait = math.isfinite(seconds) and seconds >= 0
    return math.ceil(seconds * 1000) if is_wait else None
