"""The shape of a manifest's self-test vectors. What they say of the plugin a gateway proves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_VECTORS = 64
"""Most vectors that a gateway runs."""

_HEAD = ("method", "path", "headers")
_REPLY = ("body", "body_base64")
_OF_ALL = ("kind", "name", "expect")


@dataclass(frozen=True)
class _Kind:
    """A function that vectors call."""

    of: str
    """The kind of plugin that has it."""
    arguments: tuple[str, ...]
    """Which arguments it may be given."""
    one_of: tuple[str, ...]
    """Of these it is given exactly one."""
    answer: tuple[str, ...]
    """Members of its answer."""


_KINDS = {
    "plan": _Kind("normalizer", ("call",), (), (*_HEAD, "encode_body", "verbatim")),
    "encode": _Kind("normalizer", ("call",), ("canonical",), (*_HEAD, "body", "dropped", "extra")),
    "decode": _Kind(
        "normalizer",
        ("call", "status", "headers", "clean", "extra", "whole_only"),
        _REPLY,
        ("documents",),
    ),
    "explain": _Kind("normalizer", ("call", "status", "headers"), _REPLY, ()),
    "prepare": _Kind("http-adapter", ("call", "head"), (), (*_HEAD, "credential")),
    "process": _Kind(
        "process-adapter",
        ("call",),
        (),
        ("program", "arguments", "environment", "body_on_stdin", "timeout_ms", "credential"),
    ),
    "ingress-decode": _Kind(
        "normalizer", ("head",), ("body",), ("operation", "streaming", "canonical", "extra")
    ),
    "ingress-encode": _Kind(
        "normalizer", ("extra", "streaming"), ("documents",), ("status", "headers", "body")
    ),
}


def problems(vectors: list[Any], plugin: str) -> Iterator[str]:
    """What is wrong with the vectors of a plugin of some kind."""
    if len(vectors) > MAX_VECTORS:
        yield f"self_test has more than {MAX_VECTORS} vectors"
    for at, vector in enumerate(vectors):
        for problem in _problems_of(vector, plugin):
            yield f"self_test[{at}] {problem}"


def _problems_of(vector: Any, plugin: str) -> Iterator[str]:
    if not isinstance(vector, dict):
        yield "is no object"
        return
    name = vector.get("kind")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None or kind.of != plugin:
        fitting = [name for name, kind in _KINDS.items() if kind.of == plugin]
        yield f"kind {json.dumps(name)} is none of {', '.join(fitting)}"
        return
    if kind.one_of and sum(member in vector for member in kind.one_of) != 1:
        yield f"({name}) has one of {', '.join(kind.one_of)}"
    for member in vector.keys() - {*_OF_ALL, *kind.arguments, *kind.one_of}:
        yield f'({name}) has no argument "{member}"'
    expect = vector.get("expect")
    if not isinstance(expect, dict) or not expect:
        yield f"({name}) expects nothing"
        return
    for member in expect.keys() - {*kind.answer, "failure"}:
        yield f'({name}) answers no "{member}"'
