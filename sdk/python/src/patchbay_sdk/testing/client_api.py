"""Client APIs: a request in, a reply out."""

from __future__ import annotations

from .. import json_text
from ..contract import Decoded, Document, RequestHead
from ..failure import CallerFailure
from ..ingress import Ingress
from ..json_text import Object


def decode(ingress: Ingress, path: str, body: Object) -> tuple[Decoded, Object]:
    """Reads a caller's request as the host has it read, and returns the canonical body too.

    Raises: the dialect's own `Failure`; `AssertionError` if the canonical body is not what the
    contract says.
    """
    head = RequestHead.post(path).with_header("content-type", "application/json")
    decoded = ingress.decode(head, json_text.write(body))
    canonical = json_text.read_object(decoded.canonical)
    assert canonical is not None, "the canonical body is no JSON object"
    assert canonical.get("model") == decoded.model, "the canonical body has another model"
    streams = canonical.get("stream") is True
    assert streams == decoded.streaming, "the canonical body's `stream` is another"
    return decoded, canonical


def encode_reply(ingress: Ingress, decoded: Decoded, documents: list[Object]) -> bytes:
    """Writes a good reply, one call for each document and then all in one call.

    Raises: the dialect's own `Failure`; `AssertionError` if the grouping of the documents shows.
    """
    written = [json_text.write(document) for document in documents]
    one_by_one = _write(ingress, decoded, [[document] for document in written], None)
    at_once = _write(ingress, decoded, [written], None)
    assert one_by_one == at_once, "the grouping of the documents shows in the reply"
    return at_once


def fail_reply(
    ingress: Ingress, decoded: Decoded, documents: list[Object], failure: CallerFailure
) -> bytes:
    """Writes a reply that fails after some documents.

    Raises: the dialect's own `Failure`.
    """
    written = [json_text.write(document) for document in documents]
    return _write(ingress, decoded, [written], failure)


def _write(
    ingress: Ingress,
    decoded: Decoded,
    groups: list[list[Document]],
    failure: CallerFailure | None,
) -> bytes:
    encoder = ingress.encode(decoded.extra, decoded.streaming)
    written = b"".join(encoder.push(documents) for documents in groups)
    return written + encoder.finish(failure)
