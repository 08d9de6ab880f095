"""The contract's records with constructors: heads, plans, exchanges, programs.

Their members are generated from `wit/` (`patchbay_sdk.bindings`); what is here only makes them
shorter to write. `with_…` methods return a changed copy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from . import settings
from .bindings import egress, http_adapter, ingress, process_adapter, types
from .bindings.types import Header

Extra = list[tuple[str, str]]
"""Named JSON values, as text, for what the contract has no member for."""

Document = bytes
"""One canonical JSON document."""

T = TypeVar("T")


@dataclass
class Call(types.Call):
    """What the host says of one attempt. It holds nothing that two equal requests differ in."""

    operation: str = "chat"
    model: str = ""
    streaming: bool = False
    settings: str = "{}"
    extra: Extra = field(default_factory=list)

    def read_settings(self, into: type[T]) -> T:
        """Reads the provider's settings into a dataclass: `patchbay_sdk.settings.read`.

        Raises: `Failure` of kind `provider-misconfigured`, naming the member that does not fit.
        """
        return settings.read(self.settings, into)


@dataclass
class RequestHead(types.RequestHead):
    """Start of an HTTP request, without authority."""

    headers: list[Header] = field(default_factory=list)
    extra: Extra = field(default_factory=list)

    @classmethod
    def get(cls, path_and_query: str) -> Self:
        """`GET` of a path relative to the provider's base URL."""
        return cls("GET", path_and_query)

    @classmethod
    def post(cls, path_and_query: str) -> Self:
        """`POST` to a path relative to the provider's base URL."""
        return cls("POST", path_and_query)

    def with_header(self, name: str, value: str) -> Self:
        """Adds a header."""
        return replace(self, headers=[*self.headers, Header(name, value)])

    def with_path_prefix(self, prefix: str) -> Self:
        """Puts a path before the one that is there: `/v2` before `/chat/completions`."""
        return replace(self, path_and_query=prefix + self.path_and_query)

    def with_query(self, name: str, value: str) -> Self:
        """Adds a query parameter; name and value have been checked or encoded."""
        separator = "&" if "?" in self.path_and_query else "?"
        return replace(self, path_and_query=f"{self.path_and_query}{separator}{name}={value}")

    def header(self, name: str) -> str | None:
        """The first header of a name, whatever its case."""
        return _find(self.headers, name)


@dataclass
class ResponseHead(types.ResponseHead):
    """Start of an HTTP response."""

    status: int = 200
    headers: list[Header] = field(default_factory=list)
    extra: Extra = field(default_factory=list)

    def with_header(self, name: str, value: str) -> Self:
        """Adds a header."""
        return replace(self, headers=[*self.headers, Header(name, value)])

    def header(self, name: str) -> str | None:
        """The first header of a name, whatever its case."""
        return _find(self.headers, name)


def _find(headers: list[Header], name: str) -> str | None:
    wanted = name.lower()
    return next((header.value for header in headers if header.name.lower() == wanted), None)


@dataclass
class ExchangePlan(egress.ExchangePlan):
    """What can be said about an exchange before its body is looked at."""

    head: RequestHead
    extra: Extra = field(default_factory=list)

    @classmethod
    def relayed(cls, head: RequestHead) -> Self:
        """The canonical body goes out as it is, and the reply comes back as it is."""
        return cls(head, encode_body=False, verbatim=True)

    @classmethod
    def rewritten(cls, head: RequestHead) -> Self:
        """The host calls `encode` for the body and a decoder for the reply."""
        return cls(head, encode_body=True, verbatim=False)


@dataclass
class Encoded(egress.Encoded):
    """A rewritten body."""

    head: RequestHead | None = None
    body: bytes = b""
    dropped: list[str] = field(default_factory=list)
    extra: Extra = field(default_factory=list)


@dataclass
class ReplyIdentity(egress.ReplyIdentity):
    """What a decoder cannot know by itself: the id and the time of a reply."""

    extra: Extra = field(default_factory=list)


@dataclass
class Exchange(http_adapter.Exchange):
    """One request to the provider, without authority, body and secret."""

    head: RequestHead
    credential: str | None = None
    extra: Extra = field(default_factory=list)

    def with_aws_signing(self, region: str, service: str) -> Self:
        """Says for which region and service a credential of the use `aws-sigv4` signs."""
        signing = [("aws-region", json.dumps(region)), ("aws-service", json.dumps(service))]
        return replace(self, extra=[*self.extra, *signing])


@dataclass
class Argument(process_adapter.Argument):
    """One argument of a program."""

    takes_body: bool = False

    @classmethod
    def body_after(cls, text: str = "") -> Self:
        """Text to which the host appends the body: `""`, or `"--prompt="`."""
        return cls(text, takes_body=True)


@dataclass
class Process(process_adapter.Process):
    """A program to run once: absolute path, arguments, the whole environment."""

    arguments: list[process_adapter.Argument] = field(default_factory=list)
    environment: list[tuple[str, str]] = field(default_factory=list)
    body_on_stdin: bool = False
    timeout_ms: int | None = None
    credential: str | None = None
    extra: Extra = field(default_factory=list)


@dataclass
class Decoded(ingress.Decoded):
    """A caller's request in canonical form."""

    extra: Extra = field(default_factory=list)


@dataclass
class Reply(ingress.Reply):
    """A complete answer to a caller."""

    head: ResponseHead

    @classmethod
    def json(cls, status: int, body: bytes) -> Self:
        """A JSON answer."""
        return cls(ResponseHead(status).with_header("content-type", "application/json"), body)
