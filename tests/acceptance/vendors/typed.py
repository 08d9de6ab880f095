"""Checks a JSON value against a vendor's own published types, strictly.

The official packages describe requests as typed dictionaries, pydantic models or dataclasses.
Their clients are lenient with what they send; a vendor's server is not. So this module walks
the types itself: a member that the type does not have, one that is missing, and a value of
another kind is a problem with its path. Numbers are not made from texts, nor booleans from
numbers.
"""

import collections.abc
import dataclasses
import datetime
import inspect
import sys
import types
import typing

import pydantic
import typing_extensions

UNIONS = (typing.Union, types.UnionType)
LISTS = (list, collections.abc.Iterable, collections.abc.Sequence, tuple, set)
MAPPINGS = (dict, collections.abc.Mapping)
ANYTHING = (typing.Any, object, inspect.Parameter.empty)
_fields: dict = {}


def problems(kind, value, path: str = "") -> list[str]:
    """What is wrong with `value` for the type `kind`; nothing if it fits."""
    kind = _bare(kind)
    origin = typing.get_origin(kind)
    if kind in ANYTHING or isinstance(kind, typing.TypeVar):
        return []
    if origin in (typing.Literal, typing_extensions.Literal):
        return _literal(kind, value, path)
    if origin in UNIONS:
        return _union(kind, value, path)
    if origin in MAPPINGS or kind in MAPPINGS:
        return _mapping(kind, value, path)
    if origin in LISTS or kind in LISTS:
        return _list(kind, value, path)
    if origin is not None and isinstance(origin, type):
        return _list(kind, value, path)  # SequenceNotStr and the like
    if _is_record(kind):
        return _record(kind, value, path)
    return _plain(kind, value, path)


def unknown_or_wrong(value: dict, members: dict, required: tuple = (), path: str = "") -> list[str]:
    """The same for an object whose members are listed here: name to type."""
    if not isinstance(value, dict):
        return [f"{path or 'body'}: an object is needed"]
    found = [f"{_join(path, name)}: unknown member" for name in value if name not in members]
    found += [f"{_join(path, name)}: required" for name in required if name not in value]
    for name, kind in members.items():
        if name in value:
            found += problems(kind, value[name], _join(path, name))
    return found


def _bare(kind):
    while True:
        origin = typing.get_origin(kind)
        if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired,
                      typing.Required, typing.NotRequired, typing_extensions.ReadOnly):
            kind = typing.get_args(kind)[0]
        elif hasattr(kind, "__value__"):
            kind = kind.__value__
        elif hasattr(kind, "__supertype__"):
            kind = kind.__supertype__
        else:
            return kind


def _literal(kind, value, path):
    for allowed in typing.get_args(kind):
        if allowed == value and isinstance(allowed, bool) == isinstance(value, bool):
            return []
    return [f"{path}: {value!r} is none of {list(typing.get_args(kind))}"]


def _union(kind, value, path):
    """The problems with the member of the union that fits best."""
    best = None
    choices = typing.get_args(kind)
    if any(typing.get_origin(choice) is typing.Literal for choice in choices):
        # `Literal[…] | Any` lets old clients read new values; a request has one that is listed.
        choices = [choice for choice in choices if choice is not typing.Any]
    for choice in choices:
        found = problems(choice, value, path)
        if not found:
            return []
        weight = (_misfit(_bare(choice), value), len(found))
        if best is None or weight < best[0]:
            best = (weight, found)
    return best[1] if best else [f"{path}: fits nothing"]


def _misfit(kind, value) -> int:
    """How far a choice is from what the value's form and discriminator say; 0 is near."""
    if not _is_record(kind):
        listed = (typing.get_origin(kind) or kind) in LISTS
        return 1 if listed == isinstance(value, list) and not isinstance(value, dict) else 3
    if not isinstance(value, dict):
        return 4
    for name in ("type", "role"):
        field = fields(kind).get(name)
        if field and name in value and problems(field[0], value[name]):
            return 1
    return 0


def _mapping(kind, value, path):
    if not isinstance(value, dict):
        return [f"{path}: an object is needed"]
    arguments = typing.get_args(kind)
    if len(arguments) != 2:
        return []
    return [p for name, item in value.items()
            for p in problems(arguments[1], item, _join(path, name))]


def _list(kind, value, path):
    if not isinstance(value, list):
        return [f"{path}: an array is needed"]
    arguments = [a for a in typing.get_args(kind) if a is not Ellipsis]
    if len(arguments) != 1:
        return []
    return [p for index, item in enumerate(value)
            for p in problems(arguments[0], item, f"{path}[{index}]")]


def _is_record(kind) -> bool:
    return inspect.isclass(kind) and (
        typing_extensions.is_typeddict(kind) or dataclasses.is_dataclass(kind)
        or issubclass(kind, pydantic.BaseModel))


def _record(kind, value, path):
    if issubclass(kind, dict) is False and issubclass(kind, pydantic.RootModel):
        return problems(kind.model_fields["root"].annotation, value, path)
    if not isinstance(value, dict):
        return [f"{path or kind.__name__}: an object is needed"]
    known = fields(kind)
    if issubclass(kind, pydantic.BaseModel) and kind.model_config.get("populate_by_name"):
        value = {name if name in known else _camel(name): item for name, item in value.items()}
    found = [f"{_join(path, name)}: unknown member of {kind.__name__}"
             for name in value if name not in known]
    for name, (member, required) in known.items():
        if name in value:
            found += problems(member, value[name], _join(path, name))
        elif required:
            found.append(f"{_join(path, name)}: required in {kind.__name__}")
    return found


def fields(kind) -> dict:
    """Name on the wire to (type, is required)."""
    if kind not in _fields:
        if typing_extensions.is_typeddict(kind):
            _fields[kind] = _dictionary_fields(kind)
        elif dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind, vars(sys.modules[kind.__module__]))
            _fields[kind] = {
                f.name: (hints[f.name], f.default is dataclasses.MISSING
                         and f.default_factory is dataclasses.MISSING)
                for f in dataclasses.fields(kind)}
        else:
            _fields[kind] = _model_fields(kind)
    return _fields[kind]


def _dictionary_fields(kind) -> dict:
    """Members of a typed dictionary; `Annotated[…, PropertyInfo(alias=…)]` renames on the wire."""
    found = {}
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    for name, hint in hints.items():
        wire = name
        inner = hint
        while typing.get_origin(inner) in (typing_extensions.Required, typing.Required,
                                           typing_extensions.NotRequired, typing.NotRequired):
            inner = typing.get_args(inner)[0]
        for extra in getattr(inner, "__metadata__", ()):
            wire = getattr(extra, "alias", None) or wire
        found[wire] = (hint, name in kind.__required_keys__)
    return found


def _model_fields(kind) -> dict:
    found = {}
    for name, field in kind.model_fields.items():
        wire = field.alias or name
        for extra in field.metadata:
            wire = getattr(extra, "alias", None) or wire
        # A discriminator has a default for the programmer; on the wire it has to be there.
        is_constant = len(typing.get_args(field.annotation)) == 1 and field.default is not None
        found[wire] = (field.annotation, field.is_required() or is_constant)
    return found


def _plain(kind, value, path):
    if kind is None or kind is type(None):
        good = value is None
    elif kind is bool:
        good = isinstance(value, bool)
    elif kind is int:
        good = isinstance(value, int) and not isinstance(value, bool)
    elif kind is float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif kind in (str, bytes) or kind in (datetime.datetime, datetime.date):
        good = isinstance(value, str)
    elif inspect.isclass(kind) and issubclass(kind, str) and hasattr(kind, "__members__"):
        good = value in [m.value for m in kind]
    else:
        return [f"{path}: the type {kind!r} cannot be sent as JSON"]
    return [] if good else [f"{path}: {_short(value)} is no {getattr(kind, '__name__', kind)}"]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _camel(name: str) -> str:
    """Google's JSON has both spellings of a member: `mimeType` and `mime_type`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _short(value) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
