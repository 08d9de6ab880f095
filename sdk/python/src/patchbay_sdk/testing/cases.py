"""Canonical requests that every dialect has to deal with; the same as the Rust SDK's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..json_text import Object

_FOLDER = Path(__file__).parent / "cases"
_EMBEDDINGS = "embed_"


@dataclass(frozen=True)
class Case:
    """A canonical request; `testing.encode` sets its `model` and `stream`."""

    name: str
    """What it is about; names the golden file."""
    request: Object


def chat_cases() -> list[Case]:
    """The chat requests.

    Text, system, turns, images, files, tools in every form, tool results, structured output,
    reasoning that comes back, sampling, caching, unicode, long lines.
    """
    return [case for case in _cases() if not case.name.startswith(_EMBEDDINGS)]


def embeddings_cases() -> list[Case]:
    """The embeddings requests."""
    return [case for case in _cases() if case.name.startswith(_EMBEDDINGS)]


def _cases() -> list[Case]:
    files = sorted(_FOLDER.glob("*.json"))
    return [Case(file.stem, json.loads(file.read_text("utf-8"))) for file in files]
