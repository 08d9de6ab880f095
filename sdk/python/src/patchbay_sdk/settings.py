"""A provider's settings: a JSON object, read into a dataclass of the plugin's own."""

from __future__ import annotations

import json
import types as python
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .failure import Failure

T = TypeVar("T")

_NAMES: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class _Misfit(Exception):
    """A value that does not fit, with the place where it stands."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def read(text: str, into: type[T]) -> T:
    """Reads settings into a dataclass; empty text is an empty object.

    Fields are `str`, `int`, `float`, `bool`, `list[…]`, `dict[str, …]`, dataclasses, `Any`, or
    one of them `| None`. Members that the dataclass does not name are ignored: adapter and
    dialect read the same object.

    Raises: `Failure` of kind `provider-misconfigured`, naming the member that does not fit.
    """
    try:
        value = json.loads(text) if text.strip() else {}
    except ValueError:
        raise Failure.misconfigured("settings", "they are not JSON") from None
    try:
        read_value: T = _read(value, into, "settings")
    except _Misfit as misfit:
        raise Failure.misconfigured(misfit.path, misfit.reason) from None
    return read_value


def _read(value: Any, kind: Any, path: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, python.UnionType):
        return _read_optional(value, get_args(kind), path)
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_object(_checked(value, dict, path), kind, path)
    arguments = get_args(kind)
    if origin is list:
        items = enumerate(_checked(value, list, path))
        return [_read(item, arguments[0], f"{path}[{at}]") for at, item in items]
    if origin is dict:
        members = _checked(value, dict, path).items()
        return {name: _read(item, arguments[1], f"{path}.{name}") for name, item in members}
    return _checked(value, kind, path)


def _read_optional(value: Any, kinds: tuple[Any, ...], path: str) -> Any:
    if value is None and python.NoneType in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not python.NoneType)
    for kind in kinds[:-1]:
        try:
            return _read(value, kind, path)
        except _Misfit:
            continue
    return _read(value, kinds[-1], path)


def _read_object(members: dict[str, Any], kind: type, path: str) -> Any:
    hints = get_type_hints(kind)
    found = {}
    for field in fields(kind):
        if field.name in members:
            place = f"{path}.{field.name}"
            found[field.name] = _read(members[field.name], hints[field.name], place)
        elif not _has_default(field):
            raise _Misfit(path, f"{field.name} is missing")
    make: Callable[..., Any] = kind
    return make(**found)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _checked(value: Any, kind: Any, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # In Python a bool is an int; in JSON it is not.
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        raise _Misfit(path, f"has to be {_NAMES.get(kind, kind)}")
    return value
