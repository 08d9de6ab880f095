"""Reaches my provider."""

from __future__ import annotations

from dataclasses import dataclass

from patchbay_sdk import Call, Exchange, HttpAdapter, RequestHead


@dataclass
class Settings:
    """What the operator sets; `adapter.json` has the schema."""

    team: str


class MyPluginAdapter(HttpAdapter):
    """Sees paths and headers, never a prompt, an address or a key.

    What is not defined here is as with an OpenAI-like server: `GET /models` proves reach and
    lists models.
    """

    def prepare(self, call: Call, head: RequestHead) -> Exchange:
        """Adds a header. The gateway puts the secret of the slot where `adapter.json` says."""
        settings = call.read_settings(Settings)
        return Exchange(head.with_header("x-team", settings.team), credential="api_key")
