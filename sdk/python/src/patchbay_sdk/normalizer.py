"""A wire dialect towards a provider."""

from __future__ import annotations

from abc import ABC, abstractmethod

from . import explain
from .contract import Call, Document, Encoded, ExchangePlan, ReplyIdentity, ResponseHead
from .failure import Failure


class Decoder(ABC):
    """Reads one good reply."""

    def __init__(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> None:
        """Starts a reply."""
        self.call = call
        self.identity = identity
        self.head = head

    @abstractmethod
    def push(self, chunk: bytes) -> list[Document]:
        """Takes the next bytes, cut anywhere, and returns the documents that are finished.

        `chat.completion.chunk` objects if the call streams, else nothing.

        Raises: `Failure` with what the provider says instead of an answer, or `upstream-error`
        for bytes that the dialect does not allow.
        """

    @abstractmethod
    def finish(self, clean: bool) -> list[Document]:
        """Ends the reply and returns the remaining documents.

        For a stream perhaps the usage, else exactly one document. `clean` is false if the
        connection broke or the program was ended.

        Raises: `Failure` of kind `stream-truncated` if the reply lacks its end.
        """


class Normalizer(ABC):
    """Provider side of a dialect: canonical to the provider's format and back.

    Everything depends on its arguments alone: a normalizer has no clock, no randomness, no memory
    of other requests. One object serves all calls, so keep nothing in it.
    """

    @abstractmethod
    def plan(self, call: Call) -> ExchangePlan:
        """Says method, path and headers, and whether body and reply have to be rewritten.

        The host remembers the answer for calls that are equal.

        Raises: `Failure` of kind `not-found` for an operation that the dialect does not know.
        """

    def encode(self, call: Call, canonical: bytes) -> Encoded:
        """Rewrites a canonical request body. Only called for plans with `encode_body`.

        Raises: `Failure` of kind `invalid-request` where the dialect cannot express what the
        request is about.
        """
        raise Failure.upstream("the plugin planned a rewritten body and has no encoder")

    def explain(self, call: Call, head: ResponseHead, body: bytes) -> Failure:
        """Explains a reply whose status is not 2xx. The default is `explain.reply`."""
        return explain.reply(head, body)

    def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
        """Starts reading a good reply. Not called where every plan is relayed.

        Raises: `Failure` never: what is wrong with a reply, `Decoder.push` says.
        """
        return RelayedDecoder(call, identity, head)


class RelayedDecoder(Decoder):
    """The decoder of a dialect whose plans are all relayed: the host never asks it."""

    def push(self, chunk: bytes) -> list[Document]:
        """Fails."""
        raise Failure.upstream("this dialect is relayed, not decoded")

    def finish(self, clean: bool) -> list[Document]:
        """Fails."""
        raise Failure.upstream("this dialect is relayed, not decoded")
