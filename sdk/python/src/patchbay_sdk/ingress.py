"""A wire dialect towards a caller: a client API."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .contract import Decoded, Document, Extra, Reply, RequestHead, ResponseHead
from .failure import CallerFailure


class Encoder(ABC):
    """Writes one reply in the dialect."""

    def __init__(self, extra: Extra, streaming: bool) -> None:
        """Starts a reply. `extra` is what `Ingress.decode` returned."""
        self.extra = extra
        self.streaming = streaming

    @abstractmethod
    def head(self) -> ResponseHead:
        """Content type and other headers of the answer."""

    @abstractmethod
    def push(self, documents: list[Document]) -> bytes:
        """Takes the next canonical documents, returns bytes for the caller.

        Chunks if the reply streams, the usage chunk among them, else the one document.

        Raises: `Failure` of kind `upstream-error` for a document that is not canonical.
        """

    @abstractmethod
    def finish(self, failure: CallerFailure | None) -> bytes:
        """Ends the reply: cleanly, or with one error event of the dialect and no clean end.

        Raises: `Failure` of kind `upstream-error` if the documents make no whole reply.
        """


class Ingress(ABC):
    """Caller side of a dialect: a client API to canonical and back.

    Everything depends on its arguments alone, as with a `Normalizer`.
    """

    @abstractmethod
    def decode(self, head: RequestHead, body: bytes) -> Decoded:
        """Reads a caller's request.

        `head` has method, path and the headers that may be seen; it says which of the manifest's
        endpoints was called.

        Raises: `Failure` of kind `invalid-request`, naming the member as the dialect names it.
        """

    @abstractmethod
    def fail(self, status: int, failure: CallerFailure) -> Reply:
        """Puts a failure into the dialect's error form."""

    @abstractmethod
    def encode(self, extra: Extra, streaming: bool) -> Encoder:
        """Starts writing a reply. `extra` is what `decode` returned."""
