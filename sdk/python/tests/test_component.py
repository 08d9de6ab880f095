"""A built component does what the class does in CPython."""

from pathlib import Path
from typing import Any

import pytest
from component_host import Guest
from echo import EchoDialect
from wasmtime import Trap, WasmtimeError

from patchbay_sdk import ResponseHead, json_text, testing

REPLY = "one\nzwölf\nend\n".encode()


@pytest.fixture(scope="module")
def guest(components: dict[str, Path]) -> Guest:
    return Guest(str(components["echo"]))


def decode(guest: Guest, pieces: list[bytes]) -> Any:
    make = guest.function("egress", "[constructor]decoder")
    push = guest.function("egress", "[method]decoder.push")
    finish = guest.function("egress", "[method]decoder.finish")
    decoder = make(testing.chat_stream("m"), testing.identity(), ResponseHead())
    documents = [document for piece in pieces for document in push(decoder, piece)]
    documents += finish(decoder, True)
    return [json_text.read(document) for document in documents]


def test_a_reply_gives_the_documents_that_it_gives_in_cpython(guest: Guest) -> None:
    expected = testing.Replay(EchoDialect(), testing.chat_stream("m")).at_every_slicing(REPLY)
    for cut in range(len(REPLY)):
        assert decode(guest, [REPLY[:cut], REPLY[cut:]]) == expected


def test_a_failure_crosses_and_the_instance_lives_on(guest: Guest) -> None:
    plan = guest.function("egress", "plan")
    assert plan(testing.chat("misconfigured"))["kind"] == "provider-misconfigured"
    assert plan(testing.chat("m"))["head"]["path_and_query"] == "/"


def test_a_client_api_is_called(guest: Guest) -> None:
    encoder = guest.function("ingress", "[constructor]encoder")([], False)
    assert guest.function("ingress", "[method]encoder.head")(encoder)["status"] == 200
    document = b'{"choices":[{"message":{"content":"So."}}]}'
    assert guest.function("ingress", "[method]encoder.push")(encoder, [document]) == b"So."
    assert guest.function("ingress", "[method]encoder.finish")(encoder, None) == b""


def test_output_is_logged_and_a_fault_ends_the_instance(guest: Guest) -> None:
    plan = guest.function("egress", "plan")
    plan(testing.chat("printing"))
    assert guest.lines.pop() == ("info", "a line")
    with pytest.raises((Trap, WasmtimeError)):
        plan(testing.chat("faulty"))
    level, line = guest.lines.pop()
    assert (level, line.partition(":")[0]) == ("error", "KeyError at echo")
    assert guest.lines == []
    guest.start()
