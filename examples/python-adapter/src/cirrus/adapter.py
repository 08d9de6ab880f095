"""Reaches Cirrus: paths under `/v2`, a workspace, a model list of its own."""

from __future__ import annotations

from dataclasses import dataclass

from patchbay_sdk import (
    DEFAULT_SLOT,
    Call,
    Exchange,
    Failure,
    HttpAdapter,
    RequestHead,
    ResponseHead,
    json_text,
    settings,
)

from cirrus import faults


@dataclass
class AdapterSettings:
    """What the operator sets."""

    workspace: str


class CirrusAdapter(HttpAdapter):
    """The adapter `cirrus`."""

    def prepare(self, call: Call, head: RequestHead) -> Exchange:
        """Adds version and workspace."""
        return _exchange(call.read_settings(AdapterSettings), head)

    def probe(self, settings: str) -> Exchange:
        """The list of engines needs a key, and costs nothing."""
        return _exchange(_read(settings), RequestHead.get("/engines"))

    def read_models(self, head: ResponseHead, body: bytes) -> list[str]:
        """Reads `{"engines": [{"engine": "nimbus", "state": "up"}]}`; those that are down not."""
        if head.status != 200:
            raise faults.of_reply(head, body)
        listed = (json_text.read_object(body) or {}).get("engines")
        if not isinstance(listed, list):
            raise Failure.upstream("the list of engines is no list")
        engines = [entry for entry in listed if isinstance(entry, dict)]
        return [str(it.get("engine")) for it in engines if it.get("state") != "down"]


def _read(text: str) -> AdapterSettings:
    return settings.read(text, AdapterSettings)


def _exchange(known: AdapterSettings, head: RequestHead) -> Exchange:
    head = head.with_path_prefix("/v2").with_header("x-cirrus-workspace", known.workspace)
    return Exchange(head, DEFAULT_SLOT)
