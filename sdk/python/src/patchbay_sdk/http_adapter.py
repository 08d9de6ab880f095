"""A way to reach a provider over HTTP."""

from __future__ import annotations

from . import models
from .contract import Call, Exchange, RequestHead, ResponseHead

DEFAULT_SLOT = "api_key"
"""The credential slot that the defaults name."""


class HttpAdapter:
    """Reaches a provider over HTTP. Sees envelopes, never a prompt, a completion or a key.

    The defaults are those of an OpenAI-like server: the normalizer's head goes out as it is with
    the credential slot `api_key`, and `GET /models` proves reach and lists models.
    """

    def prepare(self, call: Call, head: RequestHead) -> Exchange:
        """Turns the normalizer's head into the exchange: paths, versions, headers, slot.

        The host remembers the answer for arguments that are equal.

        Raises: `Failure` of kind `provider-misconfigured` if the settings make the call
        impossible.
        """
        return Exchange(head, DEFAULT_SLOT)

    def probe(self, settings: str) -> Exchange:
        """The cheapest exchange that proves reach and credentials.

        `settings` is JSON text, for `patchbay_sdk.settings.read`.

        Raises: `Failure` of kind `provider-misconfigured`, like `prepare`.
        """
        return Exchange(models.list_head(), DEFAULT_SLOT)

    def list_models(self, settings: str) -> Exchange | None:
        """The exchange that lists the provider's models; `None` if it has no such thing.

        The default is the probe.

        Raises: `Failure` of kind `provider-misconfigured`, like `prepare`.
        """
        return self.probe(settings)

    def read_models(self, head: ResponseHead, body: bytes) -> list[str]:
        """The model ids in the reply to `list_models`. The default is `models.read_ids`.

        Raises: `Failure` with what the provider says instead of a list.
        """
        return models.read_ids(head, body)
