"""Files that tests compare with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_BLESS = "PATCHBAY_BLESS"
_NOTHING = object()


def assert_golden(file: str | Path, actual: Any) -> None:
    """Compares a value with a JSON file. With `PATCHBAY_BLESS=1` the file is written instead.

    A difference is named by the first place where it is.
    """
    path = Path(file)
    if _BLESS in os.environ:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(actual, ensure_ascii=False, indent=2, sort_keys=True)
        path.write_text(text + "\n", "utf-8")
        return
    assert path.exists(), f"{path} is not there; {_BLESS}=1 writes it"
    difference = first_difference(json.loads(path.read_text("utf-8")), actual)
    assert difference is None, f"{path} differs at {difference}; {_BLESS}=1 writes it anew"


def first_difference(expected: Any, actual: Any, at: str = "") -> str | None:
    """The first place where two JSON values differ, and how.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]})
    '/a/1: expected 2, found 3'
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        places: list[Any] = [*expected, *(name for name in actual if name not in expected)]
        pairs = [(it, expected.get(it, _NOTHING), actual.get(it, _NOTHING)) for it in places]
    elif isinstance(expected, list) and isinstance(actual, list):
        longest = range(max(len(expected), len(actual)))
        pairs = [(it, _item(expected, it), _item(actual, it)) for it in longest]
    elif type(expected) is bool or type(actual) is bool:
        return None if expected is actual else _difference(at, expected, actual)
    else:
        return None if expected == actual else _difference(at, expected, actual)
    found = (first_difference(left, right, f"{at}/{place}") for place, left, right in pairs)
    return next((difference for difference in found if difference is not None), None)


def _item(items: list[Any], at: int) -> Any:
    return items[at] if at < len(items) else _NOTHING


def _difference(at: str, expected: Any, actual: Any) -> str:
    return f"{at}: expected {_shown(expected)}, found {_shown(actual)}"


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=False)
