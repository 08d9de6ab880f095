"""Why something did not work, in the contract's words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .bindings import types


class FailureKind(StrEnum):
    """The failure kinds that a plugin may name.

    The host's table maps each to a status code, to retry, fallback, metrics and logs;
    `wit/types.wit` lists the same names.
    """

    INVALID_REQUEST = "invalid-request"
    NOT_FOUND = "not-found"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    CONTEXT_TOO_LONG = "context-too-long"
    CONTENT_FILTERED = "content-filtered"
    UPSTREAM_RATE_LIMITED = "upstream-rate-limited"
    UPSTREAM_OVERLOADED = "upstream-overloaded"
    UPSTREAM_AUTH = "upstream-auth"
    UPSTREAM_ERROR = "upstream-error"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    STREAM_TRUNCATED = "stream-truncated"
    PROVIDER_MISCONFIGURED = "provider-misconfigured"


class Failure(Exception):
    """Why something did not work. Raise it; `explain` returns it.

    `message` is one sentence that says what is wrong and how to mend it. It may reach the caller.
    """

    kind: FailureKind
    message: str
    param: str | None
    """The request member at fault, as a path: `messages[2].content`."""
    retry_after_ms: int | None
    """How long the caller should wait."""
    upstream_code: str | None
    """The upstream's own code or type."""

    def __init__(self, kind: FailureKind, message: str, *, param: str | None = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.param = param
        self.retry_after_ms = None
        self.upstream_code = None

    def with_retry_after_ms(self, wait: int | None) -> Self:
        """Says how long the caller should wait."""
        self.retry_after_ms = wait
        return self

    def with_upstream_code(self, code: str | None) -> Self:
        """Keeps the upstream's own code or type."""
        self.upstream_code = code
        return self

    @classmethod
    def invalid_request(cls, param: str, message: str) -> Failure:
        """`invalid-request` for one request member, named as a path."""
        return cls(FailureKind.INVALID_REQUEST, message, param=param)

    @classmethod
    def unknown_operation(cls, operation: str) -> Failure:
        """`not-found` for an operation that the plugin does not know."""
        message = f"this provider does not offer the operation {json.dumps(operation)}"
        return cls(FailureKind.NOT_FOUND, message)

    @classmethod
    def misconfigured(cls, member: str, reason: str) -> Failure:
        """`provider-misconfigured` for one member of the settings: `settings.program`."""
        message = f"the provider is misconfigured, {member}: {reason}"
        return cls(FailureKind.PROVIDER_MISCONFIGURED, message, param=member)

    @classmethod
    def upstream(cls, message: str) -> Failure:
        """`upstream-error` for a reply that the dialect does not allow."""
        return cls(FailureKind.UPSTREAM_ERROR, message)

    @classmethod
    def truncated(cls, message: str) -> Failure:
        """`stream-truncated` for a reply that lacks its end."""
        return cls(FailureKind.STREAM_TRUNCATED, message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and self.record() == other.record()

    def __hash__(self) -> int:
        return hash((self.kind, self.message, self.param))

    def record(self) -> types.Failure:
        """The failure as it crosses the border."""
        return types.Failure(
            kind=str(self.kind),
            message=self.message,
            param=self.param,
            retry_after_ms=self.retry_after_ms,
            upstream_code=self.upstream_code,
            extra=[],
        )


@dataclass(frozen=True)
class CallerFailure:
    """Why a request did not end well, as the host tells a caller."""

    kind: str
    """A kind of the host's table: `unauthenticated`, `rate-limited`, `upstream-error`, …"""
    message: str
    """One sentence for the caller."""
    param: str | None = None
    """The canonical request member at fault."""
    retry_after_ms: int | None = None
    """How long the caller should wait."""
    error_type: str = "server_error"
    """OpenAI's `type` for the kind: `invalid_request_error`, `upstream_error`, …"""
    error_code: str | None = None
    """OpenAI's `code` for the kind."""

    @classmethod
    def of(cls, failure: types.Failure) -> CallerFailure:
        """Reads the host's words."""
        texts = {name: _text(value) for name, value in failure.extra}
        return cls(
            kind=failure.kind,
            message=failure.message,
            param=failure.param,
            retry_after_ms=failure.retry_after_ms,
            error_type=texts.get("error-type") or "server_error",
            error_code=texts.get("error-code"),
        )


def _text(value: str) -> str | None:
    try:
        read = json.loads(value)
    except ValueError:
        return None
    return read if isinstance(read, str) else None
