"""Test kit: recorded replies at every slicing, golden files, manifests.

For CPython alone; it is not part of a component. Whatever a check finds wrong it says with an
`AssertionError`, for pytest and unittest alike.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import json_text, log, manifest
from ..contract import Call, Encoded, ReplyIdentity
from ..failure import Failure
from ..json_text import Object
from ..normalizer import Normalizer
from .cases import Case, chat_cases, embeddings_cases
from .client_api import decode, encode_reply, fail_reply
from .golden import assert_golden, first_difference
from .replay import Replay
from .slicing import every_cut

__all__ = [
    "Case",
    "Replay",
    "assert_golden",
    "assert_manifest",
    "chat",
    "chat_cases",
    "chat_stream",
    "decode",
    "embeddings",
    "embeddings_cases",
    "encode",
    "encode_reply",
    "encoded_value",
    "every_cut",
    "fail_reply",
    "first_difference",
    "identity",
    "logged",
]


def chat(model: str, settings: Object | None = None) -> Call:
    """A chat call that is not streamed."""
    return Call("chat", model, streaming=False, settings=json.dumps(settings or {}))


def chat_stream(model: str, settings: Object | None = None) -> Call:
    """A streamed chat call."""
    return Call("chat", model, streaming=True, settings=json.dumps(settings or {}))


def embeddings(model: str, settings: Object | None = None) -> Call:
    """An embeddings call."""
    return Call("embeddings", model, streaming=False, settings=json.dumps(settings or {}))


def identity() -> ReplyIdentity:
    """The identity that replays use."""
    return ReplyIdentity(id="chatcmpl-test", created=1_700_000_000)


def encode(normalizer: Normalizer, call: Call, request: Object) -> Encoded:
    """Encodes a canonical request as the host does: `model` and `stream` are the call's.

    Raises: the normalizer's own `Failure`.
    """
    canonical = {**request, "model": call.model}
    if call.streaming:
        options = {**canonical.get("stream_options", {}), "include_usage": True}
        canonical.update(stream=True, stream_options=options)
    return normalizer.encode(call, json_text.write(canonical))


def encoded_value(normalizer: Normalizer, call: Call, request: Object) -> Object:
    """What `encode` gives as one value, for a golden file.

    The head, the body as JSON and what was dropped; or the failure.
    """
    try:
        encoded = encode(normalizer, call, request)
    except Failure as failure:
        said = {"message": failure.message, "param": failure.param}
        return {"failure": str(failure.kind), **said}
    value: Object = {"body": _readable(encoded.body), "dropped": encoded.dropped}
    if encoded.head is not None:
        headers = [f"{header.name}: {header.value}" for header in encoded.head.headers]
        request_line = f"{encoded.head.method} {encoded.head.path_and_query}"
        value["head"] = {"request": request_line, "headers": headers}
    if encoded.extra:
        value["extra"] = [list(pair) for pair in encoded.extra]
    return value


def _readable(body: bytes) -> Any:
    try:
        return json_text.read(body)
    except ValueError:
        return body.decode(errors="replace")


def assert_manifest(file: str | Path) -> None:
    """Checks a manifest as the build and the gateway do."""
    found = manifest.problems(Path(file).read_text("utf-8"))
    assert not found, f"{file}: {'; '.join(found)}"


def logged() -> list[tuple[str, str]]:
    """Takes the lines that were logged: level and message."""
    return log.take()
