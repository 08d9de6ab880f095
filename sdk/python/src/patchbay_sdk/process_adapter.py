"""A provider that is a program."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .contract import Call, Process


class ProcessAdapter(ABC):
    """Reaches a provider by running a program in the host's sandbox.

    No shell is involved, and the adapter never sees the body: it marks where the host puts it.
    """

    @abstractmethod
    def prepare(self, call: Call) -> Process:
        """The program for a call. The host remembers the answer for calls that are equal.

        Raises: `Failure` of kind `provider-misconfigured` if the settings make the call
        impossible.
        """

    @abstractmethod
    def probe(self, settings: str) -> Process:
        """The cheapest run that proves that the program works.

        `settings` is JSON text, for `patchbay_sdk.settings.read`.

        Raises: `Failure` of kind `provider-misconfigured`, like `prepare`.
        """
