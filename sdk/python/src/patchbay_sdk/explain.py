"""What a provider's error reply means.

`reply` is the default of `Normalizer.explain`. It goes by the error's own code first, then by
the status, and quotes the provider's message where it has one. HTML, plain text and empty bodies
are survived. A reply of 401 or 403 is the gateway's credential's fault and is not quoted: the
caller cannot mend it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import json_text
from .contract import ResponseHead
from .failure import Failure, FailureKind
from .retry_after import retry_after_ms

__all__ = ["error_instead_of_answer", "kind_of_status", "reply", "retry_after_ms"]

_TOO_LONG = {
    "context_length_exceeded",
    "exceed_context_size_error",
    "context_window_exceeded",
    "string_above_max_length",
}
_FILTERED = {
    "content_filter",
    "content_policy_violation",
    "responsible_ai_policy_violation",
    "content_filtered",
}
_TYPES = {
    "invalid_request_error": FailureKind.INVALID_REQUEST,
    "authentication_error": FailureKind.UPSTREAM_AUTH,
    "permission_error": FailureKind.UPSTREAM_AUTH,
    "invalid_api_key": FailureKind.UPSTREAM_AUTH,
    "rate_limit_error": FailureKind.UPSTREAM_RATE_LIMITED,
    "rate_limit_exceeded": FailureKind.UPSTREAM_RATE_LIMITED,
    "insufficient_quota": FailureKind.UPSTREAM_RATE_LIMITED,
    "overloaded_error": FailureKind.UPSTREAM_OVERLOADED,
    "server_overloaded": FailureKind.UPSTREAM_OVERLOADED,
    "timeout_error": FailureKind.UPSTREAM_TIMEOUT,
}
_MAX_QUOTED = 300


@dataclass
class _ErrorBody:
    """OpenAI's error object and its relatives."""

    message: str
    type: str
    param: str | None
    code: str | None

    def names(self) -> list[str]:
        """The names that an error has for itself: code, then type."""
        return [name for name in (self.code, self.type) if name]


def reply(head: ResponseHead, body: bytes) -> Failure:
    """Explains a reply whose status is not 2xx."""
    error = _read_error(body)
    if error and error.message == "Not Found" and not error.names():
        # FastAPI's answer for a path that it does not have.
        error = None
    kind = _kind_of_code(error) if error else None
    kind = kind or kind_of_status(head.status, error is not None)
    failure = _failure(kind, _message(kind, head.status, error, body), error)
    return failure.with_retry_after_ms(retry_after_ms(head))


def error_instead_of_answer(document: bytes) -> Failure | None:
    """The failure in a 2xx reply or a stream event that is an error object; none if it is none."""
    value = json_text.read_object(document)
    is_error = value is not None and (bool(value.get("error")) or value.get("object") == "error")
    error = _read_error(document) if is_error else None
    if error is None:
        return None
    kind = _kind_of_code(error) or _kind_of_type(error) or FailureKind.UPSTREAM_ERROR
    if kind == FailureKind.UPSTREAM_AUTH:
        message = _refused_credential(None)
    else:
        message = error.message or "the provider sent an error without a message"
    return _failure(kind, message, error)


def kind_of_status(status: int, has_error: bool) -> FailureKind:
    """What a status says.

    A 404 or 405 without an error object comes from a server that does not know the path: the
    base URL is wrong.
    """
    if status == 404 and has_error:
        return FailureKind.NOT_FOUND
    if 300 <= status < 400:
        return FailureKind.PROVIDER_MISCONFIGURED
    by_status = _STATUSES.get(status)
    if by_status is None and 400 <= status < 500:
        return FailureKind.INVALID_REQUEST
    return by_status or FailureKind.UPSTREAM_ERROR


_STATUSES = {
    401: FailureKind.UPSTREAM_AUTH,
    # The account behind the credential has no money left.
    402: FailureKind.UPSTREAM_AUTH,
    403: FailureKind.UPSTREAM_AUTH,
    404: FailureKind.PROVIDER_MISCONFIGURED,
    405: FailureKind.PROVIDER_MISCONFIGURED,
    408: FailureKind.UPSTREAM_TIMEOUT,
    413: FailureKind.PAYLOAD_TOO_LARGE,
    429: FailureKind.UPSTREAM_RATE_LIMITED,
    503: FailureKind.UPSTREAM_OVERLOADED,
    504: FailureKind.UPSTREAM_TIMEOUT,
    524: FailureKind.UPSTREAM_TIMEOUT,
    529: FailureKind.UPSTREAM_OVERLOADED,
}


def _failure(kind: FailureKind, message: str, error: _ErrorBody | None) -> Failure:
    if error is None:
        return Failure(kind, message)
    code = next(iter(error.names()), None)
    return Failure(kind, message, param=error.param).with_upstream_code(code)


def _kind_of_code(error: _ErrorBody) -> FailureKind | None:
    """What an error's code says, whatever the status."""
    names = {name.lower() for name in error.names()}
    if names & _TOO_LONG or "maximum context length" in error.message:
        return FailureKind.CONTEXT_TOO_LONG
    return FailureKind.CONTENT_FILTERED if names & _FILTERED else None


def _kind_of_type(error: _ErrorBody) -> FailureKind | None:
    """What an error says where there is no status: in an event of a stream."""
    code = error.code or ""
    if len(code) == 3 and code.isascii() and code.isdigit() and 400 <= int(code) < 600:
        return kind_of_status(int(code), has_error=True)
    return next((_TYPES[name] for name in error.names() if name in _TYPES), None)


def _message(kind: FailureKind, status: int, error: _ErrorBody | None, body: bytes) -> str:
    if kind == FailureKind.UPSTREAM_AUTH:
        return _refused_credential(status)
    if error and error.message:
        return error.message
    said = "an error without a message" if error else _describe(body)
    misconfigured = kind == FailureKind.PROVIDER_MISCONFIGURED
    advice = "; the provider's base_url may be wrong" if misconfigured else ""
    return f"the provider answered with status {status} and {said}{advice}"


def _refused_credential(status: int | None) -> str:
    shown = "" if status is None else f" (status {status})"
    return (
        f"the provider did not accept the gateway's credential{shown}; its operator has to check it"
    )


def _describe(body: bytes) -> str:
    """Says what a body is that is no error object: its start if it is text, never HTML."""
    text = body.decode(errors="replace").strip()
    if not text:
        return "no body"
    if text.startswith("<"):
        return "an HTML page"
    if any(sign in text for sign in "{[\ufffd\0"):
        return "a body that is not an error object"
    start = " ".join(text.split())[:_MAX_QUOTED]
    return f"the text {json.dumps(start, ensure_ascii=False)}"


def _read_error(body: bytes) -> _ErrorBody | None:
    try:
        document = json_text.read(body)
    except ValueError:
        return None
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, dict):
        return _from_object(error)
    if isinstance(error, str):
        found = _from_object(document)
        found.message = error
        return found
    is_error = document.get("object") == "error"
    has_words = any(document.get(name) is not None for name in ("message", "detail"))
    return _from_object(document) if is_error or has_words else None


def _from_object(error: json_text.Object) -> _ErrorBody:
    def text(name: str) -> str | None:
        return _as_text(error.get(name))

    return _ErrorBody(
        message=text("message") or text("detail") or "",
        type=text("type") or text("status") or "",
        param=text("param"),
        code=text("code"),
    )


def _as_text(value: Any) -> str | None:
    """Texts as they are, other values as JSON; null is absent."""
    if value is None or isinstance(value, str):
        return value
    return json_text.write(value).decode()
