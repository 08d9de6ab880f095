"""JSON as it crosses the border: UTF-8, every number with the digits it came with.

A `float` alone would turn `1.10` into `1.1` and `1e400` into infinity; callers and providers
compare such texts. So a number whose text is not what Python would write is an `ExactFloat`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from json import encoder
from typing import Any

from .failure import Failure, FailureKind

Object = dict[str, Any]
"""A JSON object."""


class ExactFloat(float):
    """A float that is written with the digits it was read with."""

    text: str


class _Seen:
    """Whether an exact float was ever read: the fast writer does not know them."""

    exact = False


def read(text: bytes | str) -> Any:
    """Reads a JSON text.

    Raises: `ValueError` for anything else, `NaN` and `Infinity` among it.
    """
    try:
        return json.loads(text, parse_float=_read_float, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_object(text: bytes | str) -> Object | None:
    """Reads a JSON object; none if the text is anything else."""
    try:
        value = read(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def read_request(canonical: bytes) -> Object:
    """Reads a caller's request.

    Raises: `Failure` of kind `invalid-request` if it is not a JSON object.
    """
    value = read_object(canonical)
    if value is None:
        raise Failure(FailureKind.INVALID_REQUEST, "the body is not a JSON object")
    return value


def write(value: Any) -> bytes:
    """Writes a value in its shortest form.

    Raises: `TypeError` or `ValueError` for a value that JSON does not have.
    """
    text = "".join(_exact(value)) if _Seen.exact else _FAST.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a character, which JSON can only say with an escape.
        return _escape_halves(text).encode()


_FAST = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _read_float(text: str) -> float:
    number = float(text)
    if float.__repr__(number) == text:
        return number
    exact = ExactFloat(number)
    exact.text = text
    _Seen.exact = True
    return exact


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _exact(value: Any) -> Iterator[str]:
    """Writes as `json` does in Python, for floats with the text that they have."""
    if isinstance(value, dict):
        yield from _exact_members(value)
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            yield separator
            yield from _exact(item)
            separator = ","
        yield "]" if separator == "," else "[]"
    elif isinstance(value, ExactFloat):
        yield value.text
    else:
        yield _FAST.encode(value)


def _exact_members(value: dict[Any, Any]) -> Iterator[str]:
    separator = "{"
    for name, item in value.items():
        if not isinstance(name, str):
            raise TypeError("names of members are texts")
        yield f"{separator}{_quote(name)}:"
        yield from _exact(item)
        separator = ","
    yield "}" if separator == "," else "{}"


_quote: Callable[[str], str] = encoder.encode_basestring


def _escape_halves(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)
