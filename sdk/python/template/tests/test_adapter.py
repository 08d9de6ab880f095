"""The adapter, in CPython."""

from pathlib import Path

import pytest
from patchbay_sdk import Failure, FailureKind, RequestHead, testing

from my_plugin.adapter import MyPluginAdapter


def test_the_manifest_is_one_that_a_gateway_takes() -> None:
    testing.assert_manifest(Path(__file__).parent.parent / "adapter.json")


def test_the_team_is_named() -> None:
    call = testing.chat("small", {"team": "blue"})
    exchange = MyPluginAdapter().prepare(call, RequestHead.post("/chat"))
    assert exchange.head.header("x-team") == "blue"
    assert exchange.credential == "api_key"


def test_without_a_team_the_operator_is_told() -> None:
    with pytest.raises(Failure) as caught:
        MyPluginAdapter().prepare(testing.chat("small"), RequestHead.post("/chat"))
    assert caught.value.kind == FailureKind.PROVIDER_MISCONFIGURED
