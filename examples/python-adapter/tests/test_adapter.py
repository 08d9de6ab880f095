"""The adapter, in CPython: no gateway, no WebAssembly."""

from pathlib import Path

import pytest
from patchbay_sdk import Failure, FailureKind, RequestHead, ResponseHead, testing

from cirrus.adapter import CirrusAdapter

ROOT = Path(__file__).parent.parent
ADAPTER = CirrusAdapter()
SETTINGS = {"workspace": "blue"}


def test_the_manifest_is_one_that_a_gateway_takes() -> None:
    testing.assert_manifest(ROOT / "adapter.json")


def test_version_and_workspace_are_added() -> None:
    call = testing.chat("nimbus", SETTINGS)
    exchange = ADAPTER.prepare(call, RequestHead.post("/converse"))
    assert exchange.head.path_and_query == "/v2/converse"
    assert [(it.name, it.value) for it in exchange.head.headers] == [("x-cirrus-workspace", "blue")]
    assert exchange.credential == "api_key"


def test_without_a_workspace_the_operator_is_told() -> None:
    with pytest.raises(Failure) as caught:
        ADAPTER.prepare(testing.chat("nimbus"), RequestHead.post("/"))
    assert caught.value.kind == FailureKind.PROVIDER_MISCONFIGURED
    assert "workspace" in caught.value.message


def test_the_probe_lists_engines() -> None:
    exchange = ADAPTER.probe('{"workspace": "blue"}')
    assert (exchange.head.method, exchange.head.path_and_query) == ("GET", "/v2/engines")
    assert ADAPTER.list_models('{"workspace": "blue"}') == exchange


def test_engines_that_are_up_are_models() -> None:
    body = b'{"engines": [{"engine": "nimbus"}, {"engine": "cumulus", "state": "down"}]}'
    assert ADAPTER.read_models(ResponseHead(), body) == ["nimbus"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"{}", FailureKind.UPSTREAM_ERROR),
        (
            401,
            b'{"fault": {"code": "key", "words": "ck-123 is not known"}}',
            FailureKind.UPSTREAM_AUTH,
        ),
        (502, b"<html>", FailureKind.UPSTREAM_ERROR),
    ],
)
def test_what_is_no_list_is_a_failure(status: int, body: bytes, kind: FailureKind) -> None:
    with pytest.raises(Failure) as caught:
        ADAPTER.read_models(ResponseHead(status), body)
    assert caught.value.kind == kind
    assert "ck-123" not in caught.value.message
