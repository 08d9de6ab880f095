"""Write Patchbay plugins in Python.

A plugin is a pure, synchronous function from bytes to bytes. It has no sockets, no files, no
clock and no keys; the gateway does all of that. Two kinds share the work of one exchange: a
normalizer knows a wire dialect and touches bodies (`Normalizer` towards a provider, `Ingress`
towards a caller); an `HttpAdapter` or a `ProcessAdapter` knows how a provider is reached and
touches envelopes.

Derive from one of them, name the class in `pyproject.toml`, and `python -m patchbay_sdk build`
makes the component. The same class runs in CPython, so tests need no gateway and no WebAssembly;
`patchbay_sdk.testing` replays recorded replies at every slicing.
"""

from . import explain, json_text, log, models, reply, request, settings, split
from .bindings.types import Header
from .contract import (
    Argument,
    Call,
    Decoded,
    Document,
    Encoded,
    Exchange,
    ExchangePlan,
    Extra,
    Process,
    Reply,
    ReplyIdentity,
    RequestHead,
    ResponseHead,
)
from .failure import CallerFailure, Failure, FailureKind
from .http_adapter import DEFAULT_SLOT, HttpAdapter
from .ingress import Encoder, Ingress
from .normalizer import Decoder, Normalizer
from .process_adapter import ProcessAdapter

__all__ = [
    "DEFAULT_SLOT",
    "Argument",
    "Call",
    "CallerFailure",
    "Decoded",
    "Decoder",
    "Document",
    "Encoded",
    "Encoder",
    "Exchange",
    "ExchangePlan",
    "Extra",
    "Failure",
    "FailureKind",
    "Header",
    "HttpAdapter",
    "Ingress",
    "Normalizer",
    "Process",
    "ProcessAdapter",
    "Reply",
    "ReplyIdentity",
    "RequestHead",
    "ResponseHead",
    "explain",
    "json_text",
    "log",
    "models",
    "reply",
    "request",
    "settings",
    "split",
]
