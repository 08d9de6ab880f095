"""A recorded reply, decoded again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .. import json_text
from ..contract import Call, Document, Extra, ReplyIdentity, ResponseHead
from ..failure import Failure
from ..json_text import Object
from ..normalizer import Normalizer
from .slicing import every_cut


def _identity() -> ReplyIdentity:
    return ReplyIdentity(id="chatcmpl-test", created=1_700_000_000)


@dataclass(frozen=True)
class Replay:
    """One recorded reply to one call, to be decoded as the host would."""

    normalizer: Normalizer
    call: Call
    head: ResponseHead = field(default_factory=ResponseHead)
    extra: Extra = field(default_factory=list)
    """What `encode` returned for the decoder."""
    joins_text: bool = False
    """Joins neighbouring chunks that differ in nothing but their text: for a dialect without
    frames of its own, where every read is a chunk."""

    def decode(self, pieces: list[bytes], *, clean: bool = True) -> list[Object]:
        """Decodes the reply from pieces.

        Raises: the decoder's own `Failure`; `AssertionError` if a document is not a JSON object,
        or their number is not what the contract says.
        """
        identity = replace(_identity(), extra=self.extra)
        decoder = self.normalizer.decode(self.call, identity, self.head)
        documents: list[Document] = []
        for piece in pieces:
            pushed = decoder.push(piece)
            early = bool(pushed) and not self.call.streaming
            assert not early, "documents before the end of a reply that is not streamed"
            documents += pushed
        documents += decoder.finish(clean)
        many = self.call.streaming or len(documents) == 1
        assert many, f"{len(documents)} documents for one reply"
        values = [_read(document) for document in documents]
        return _join_text(values) if self.joins_text else values

    def at_every_slicing(self, body: bytes) -> list[Object]:
        """Decodes the reply whole and cut in every way (`every_cut`), returns the documents.

        Raises: the decoder's own `Failure`, if it is the same for every slicing;
        `AssertionError` if a slicing gives another result.
        """
        whole = self._result([body], clean=True)
        for pieces in every_cut(body):
            cut = self._result(pieces, clean=True)
            lengths = [len(piece) for piece in pieces]
            assert cut == whole, (
                f"cut into pieces of {lengths} bytes the reply gives {cut!r}, "
                f"whole it gives {whole!r}"
            )
        if isinstance(whole, Failure):
            raise whole
        return whole

    def at_every_truncation(self, body: bytes) -> None:
        """Breaks the reply off at every byte: each time it has to fail, or to be whole already.

        Raises: `AssertionError` if a part of the reply is taken for an answer.
        """
        whole = self._result([body], clean=True)
        for end in range(len(body)):
            cut = self._result([body[:end]], clean=False)
            assert isinstance(cut, Failure) or cut == whole, (
                f"broken off after {end} bytes the reply is taken for an answer: {cut!r}"
            )

    def _result(self, pieces: list[bytes], *, clean: bool) -> list[Object] | Failure:
        try:
            return self.decode(pieces, clean=clean)
        except Failure as failure:
            return failure


def _read(document: Document) -> Object:
    value = json_text.read_object(document)
    assert value is not None, f"a document is not a JSON object: {document!r}"
    return value


def _join_text(documents: list[Object]) -> list[Object]:
    joined: list[Object] = []
    for document in documents:
        text = _text(document)
        before = _text(joined[-1]) if joined else None
        if text is None or before is None or _without_text(document) != _without_text(joined[-1]):
            joined.append(document)
            continue
        joined[-1]["choices"][0]["delta"]["content"] = before + text
    return joined


def _text(document: Object) -> str | None:
    """The text of a chunk whose delta has nothing else."""
    choices: Any = document.get("choices")
    delta = choices[0].get("delta") if choices else None
    if not isinstance(delta, dict) or len(delta) != 1:
        return None
    content = delta.get("content")
    return content if isinstance(content, str) else None


def _without_text(document: Object) -> Object:
    first, *others = document["choices"]
    return {**document, "choices": [{**first, "delta": {}}, *others]}
