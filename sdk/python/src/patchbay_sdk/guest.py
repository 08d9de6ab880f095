"""Carries a plugin's classes across the border to the host.

The entry module that the build writes is the only user. Records of the host become the SDK's,
which are the same with methods; what goes back is read by its members' names.

A `Failure` becomes the contract's failure. Any other exception is a fault of the plugin: the log
gets a line that says where, without the message, which could quote a prompt, and the instance is
given up.
"""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from . import log
from .bindings import types
from .contract import (
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
from .failure import CallerFailure, Failure
from .http_adapter import HttpAdapter
from .ingress import Encoder, Ingress
from .normalizer import Decoder, Normalizer
from .process_adapter import ProcessAdapter

T = TypeVar("T")

MAX_LINE_CHARACTERS = 2048


class PluginFault(Exception):
    """What ends an instance. Says where, never what."""


class _Border:
    """What the guest's runtime has for it, set by `start`."""

    failed: Callable[[types.Failure], Exception]


def start(failed: Callable[[types.Failure], Exception], write: Callable[[str, str], None]) -> None:
    """Sends failures, log lines and output to the host. Called once, while the plugin is made."""
    _Border.failed = failed
    log.send_to(write)
    sys.stdout = LogStream(log.info)
    sys.stderr = LogStream(log.warn)


def seal() -> None:
    """Leaves what exists now out of later collections, so that an instance touches less memory."""
    gc.collect()
    gc.freeze()


class LogStream(io.TextIOBase):
    """Output as lines of the log: there is nothing else to write to."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._line = ""

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Writes the lines that are whole; a line that is too long is cut."""
        *lines, rest = (self._line + text).split("\n")
        for line in filter(None, lines):
            self._write(line[:MAX_LINE_CHARACTERS])
        self._line = rest[:MAX_LINE_CHARACTERS]
        return len(text)


def _carry(call: Callable[[], T]) -> T:
    """Runs what may fail in the contract's words."""
    try:
        return call()
    except Failure as failure:
        raise _Border.failed(failure.record()) from None
    except Exception as error:
        raise _fault(error) from None


def _carry_infallible(call: Callable[[], T]) -> T:
    """Runs what the contract does not let fail."""
    try:
        return call()
    except Exception as error:
        raise _fault(error) from None


def _fault(error: Exception) -> PluginFault:
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    fault = f"{type(error).__name__} at {place}"
    log.error(fault)
    # The runtime prints what it gives up on; it has been said already.
    sys.stderr = None
    return PluginFault(fault)


def _call(call: types.Call) -> Call:
    return Call(**vars(call))


def _request(head: types.RequestHead) -> RequestHead:
    return RequestHead(**vars(head))


def _response(head: types.ResponseHead) -> ResponseHead:
    return ResponseHead(**vars(head))


class EgressExport:
    """A `Normalizer` as the host sees it."""

    def __init__(self, normalizer: Normalizer) -> None:
        self._inner = normalizer

    def plan(self, call: types.Call) -> ExchangePlan:
        """`egress.plan`."""
        return _carry(lambda: self._inner.plan(_call(call)))

    def encode(self, call: types.Call, canonical: bytes) -> Encoded:
        """`egress.encode`."""
        return _carry(lambda: self._inner.encode(_call(call), canonical))

    def explain(self, call: types.Call, head: types.ResponseHead, body: bytes) -> types.Failure:
        """`egress.explain`."""
        return _carry_infallible(
            lambda: self._inner.explain(_call(call), _response(head), body).record()
        )


class DecoderExport:
    """A `Decoder` as the host sees it. Empty after its end."""

    def __init__(self, decoder: Callable[[], Decoder]) -> None:
        self._inner: Decoder | None = _carry_infallible(decoder)

    def push(self, chunk: bytes) -> list[Document]:
        """`egress.decoder.push`."""
        inner = self._inner
        return _carry(lambda: _present(inner, "decoder").push(chunk))

    def finish(self, clean: bool) -> list[Document]:
        """`egress.decoder.finish`."""
        inner, self._inner = self._inner, None
        return _carry(lambda: _present(inner, "decoder").finish(clean))


class IngressExport:
    """An `Ingress` as the host sees it."""

    def __init__(self, ingress: Ingress) -> None:
        self._inner = ingress

    def decode(self, head: types.RequestHead, body: bytes) -> Decoded:
        """`ingress.decode`."""
        return _carry(lambda: self._inner.decode(_request(head), body))

    def fail(self, status: int, failure: types.Failure) -> Reply:
        """`ingress.fail`."""
        return _carry_infallible(lambda: self._inner.fail(status, CallerFailure.of(failure)))


class EncoderExport:
    """An `Encoder` as the host sees it. Empty after its end."""

    def __init__(self, encoder: Callable[[], Encoder]) -> None:
        self._inner: Encoder | None = _carry_infallible(encoder)

    def head(self) -> ResponseHead:
        """`ingress.encoder.head`."""
        inner = self._inner
        return ResponseHead(200) if inner is None else _carry_infallible(inner.head)

    def push(self, documents: list[Document]) -> bytes:
        """`ingress.encoder.push`."""
        inner = self._inner
        return _carry(lambda: _present(inner, "encoder").push(documents))

    def finish(self, failure: types.Failure | None) -> bytes:
        """`ingress.encoder.finish`."""
        inner, self._inner = self._inner, None
        told = None if failure is None else CallerFailure.of(failure)
        return _carry(lambda: _present(inner, "encoder").finish(told))


class HttpAdapterExport:
    """An `HttpAdapter` as the host sees it."""

    def __init__(self, adapter: HttpAdapter) -> None:
        self._inner = adapter

    def prepare(self, call: types.Call, head: types.RequestHead) -> Exchange:
        """`http-adapter.prepare`."""
        return _carry(lambda: self._inner.prepare(_call(call), _request(head)))

    def probe(self, settings: str) -> Exchange:
        """`http-adapter.probe`."""
        return _carry(lambda: self._inner.probe(settings))

    def list_models(self, settings: str) -> Exchange | None:
        """`http-adapter.list-models`."""
        return _carry(lambda: self._inner.list_models(settings))

    def read_models(self, head: types.ResponseHead, body: bytes) -> list[str]:
        """`http-adapter.read-models`."""
        return _carry(lambda: self._inner.read_models(_response(head), body))


class ProcessAdapterExport:
    """A `ProcessAdapter` as the host sees it."""

    def __init__(self, adapter: ProcessAdapter) -> None:
        self._inner = adapter

    def prepare(self, call: types.Call) -> Process:
        """`process-adapter.prepare`."""
        return _carry(lambda: self._inner.prepare(_call(call)))

    def probe(self, settings: str) -> Process:
        """`process-adapter.probe`."""
        return _carry(lambda: self._inner.probe(settings))


def decoder(normalizer: Normalizer) -> type:
    """The class that the runtime makes a reply's decoder of."""

    class Bound(DecoderExport):
        def __init__(self, call: types.Call, identity: Any, head: types.ResponseHead) -> None:
            known = ReplyIdentity(**vars(identity))
            super().__init__(lambda: normalizer.decode(_call(call), known, _response(head)))

    return Bound


def encoder(ingress: Ingress) -> type:
    """The class that the runtime makes a reply's encoder of."""

    class Bound(EncoderExport):
        def __init__(self, extra: Extra, streaming: bool) -> None:
            super().__init__(lambda: ingress.encode(extra, streaming))

    return Bound


def _present(inner: T | None, what: str) -> T:
    if inner is None:
        raise Failure.upstream(f"the {what} was used after its end")
    return inner
