"""The border, in CPython: failures, faults, ends."""

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from echo import EchoApi, EchoDialect, Plain, Program

from patchbay_sdk import CallerFailure, ResponseHead, guest, log, testing
from patchbay_sdk.bindings import types


@dataclass
class Failed(Exception):
    """Stands for the guest runtime's exception."""

    failure: types.Failure


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the host's log gets."""
    written: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "_write", log._write)
    with monkeypatch.context() as streams:
        # Put back at once: pytest has its own for each phase of a test.
        streams.setattr(sys, "stdout", sys.stdout)
        streams.setattr(sys, "stderr", sys.stderr)
        guest.start(Failed, lambda level, message: written.append((level, message)))
    return written


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error that a test may take away."""
    monkeypatch.setattr(sys, "stderr", sys.stderr)


def plan(model: str) -> Any:
    return guest.EgressExport(EchoDialect()).plan(testing.chat(model))


def test_a_failure_crosses_in_the_contracts_words() -> None:
    with pytest.raises(Failed) as caught:
        plan("misconfigured")
    assert caught.value.failure.kind == "provider-misconfigured"
    assert caught.value.failure.param == "settings.x"


@pytest.mark.usefixtures("stderr")
def test_a_fault_says_where_and_never_what(lines: list[tuple[str, str]]) -> None:
    with pytest.raises(guest.PluginFault) as caught:
        plan("faulty")
    [(level, line)] = lines
    assert level == "error"
    assert line.startswith("KeyError at echo:")
    assert "secret" not in line + str(caught.value)
    assert caught.value.__suppress_context__


def test_printed_lines_go_to_the_log() -> None:
    written: list[str] = []
    stream = guest.LogStream(written.append)
    print("in", end="", file=stream)
    print("one\n\ntwo", file=stream)
    assert written == ["inone", "two"]
    print("x" * 5000, end="", file=stream)
    print(file=stream)
    assert len(written[-1]) == guest.MAX_LINE_CHARACTERS


def test_a_decoder_ends_once() -> None:
    make: Any = guest.decoder(EchoDialect())
    decoder = make(testing.chat_stream("m"), testing.identity(), ResponseHead())
    assert len(decoder.push(b"a\nend\n")) == 2
    assert len(decoder.finish(True)) == 1
    for call in (partial(decoder.push, b""), partial(decoder.finish, True)):
        with pytest.raises(Failed) as caught:
            call()
        assert caught.value.failure.kind == "upstream-error"


def test_a_client_api_crosses_both_ways() -> None:
    export = guest.IngressExport(EchoApi())
    extra = [("error-type", '"rate_limit_error"'), ("error-code", "null")]
    failure = types.Failure("rate-limited", "slow down", None, 5, None, extra)
    reply = export.fail(429, failure)
    assert reply.body == b'{"type":"rate_limit_error","said":"slow down"}'
    encode: Any = guest.encoder(EchoApi())
    encoder = encode([], False)
    assert encoder.head().status == 200
    assert encoder.finish(failure) == b"slow down"
    with pytest.raises(Failed):
        encoder.push([])
    assert encoder.head().status == 200


def test_the_hosts_words_for_a_failure_are_read() -> None:
    extra = [("error-type", "7"), ("error-code", "not JSON")]
    failure = CallerFailure.of(types.Failure("k", "m", "p", 5, None, extra))
    assert failure == CallerFailure("k", "m", "p", 5, "server_error", None)


def test_adapters_cross_with_their_defaults() -> None:
    http = guest.HttpAdapterExport(Plain())
    assert http.list_models("{}") == http.probe("{}")
    assert http.probe("{}").head.path_and_query == "/models"
    head = types.RequestHead("POST", "/chat/completions", [types.Header("x", "1")], [])
    exchange = http.prepare(testing.chat("m"), head)
    assert (exchange.credential, exchange.head.headers) == ("api_key", head.headers)
    assert http.read_models(ResponseHead(), b'["a"]') == ["a"]
    program = guest.ProcessAdapterExport(Program())
    assert program.prepare(testing.chat("m")).arguments[0].takes_body
    assert program.probe("{}").arguments == []
