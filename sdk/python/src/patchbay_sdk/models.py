"""Model lists of OpenAI-like servers."""

from __future__ import annotations

from typing import Any

from . import explain, json_text
from .contract import RequestHead, ResponseHead
from .failure import Failure


def list_head() -> RequestHead:
    """`GET /models`."""
    return RequestHead.get("/models").with_header("accept", "application/json")


def read_ids(head: ResponseHead, body: bytes) -> list[str]:
    """The ids in a model list, each once, in order.

    Reads OpenAI's `{"data":[{"id"}]}`, a plain list of objects or texts, and
    `{"models":[{"id" | "model" | "name"}]}`.

    Raises: `Failure` with what the provider says instead of a list, or `upstream-error`.
    """
    if not 200 <= head.status < 300:
        raise explain.reply(head, body)
    failure = explain.error_instead_of_answer(body)
    if failure is not None:
        raise failure
    listed = _list(body)
    if listed is None:
        raise Failure.upstream("the provider's model list is not a list of models")
    # A dict keeps the order and each key once.
    return list(dict.fromkeys(id for id in map(_id, listed) if id))


def _list(body: bytes) -> list[Any] | None:
    try:
        value = json_text.read(body)
    except ValueError:
        return None
    if isinstance(value, dict):
        lists = (value.get(member) for member in ("data", "models"))
        value = next((found for found in lists if isinstance(found, list)), None)
    return value if isinstance(value, list) else None


def _id(entry: Any) -> str | None:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        return None
    ids = (entry.get(member) for member in ("id", "model", "name"))
    return next((id for id in ids if isinstance(id, str)), None)
