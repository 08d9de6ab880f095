"""Runs a built normalizer outside a gateway, in the gateway's version of the runtime.

For tests and measurements: no limits, no grants, one instance in one store.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import wasmtime
from wasmtime import component

CONTRACT = "0.1.0"


class Guest:
    """One compiled component, and the instance in use."""

    def __init__(self, file: str) -> None:
        """Compiles the component."""
        self.lines: list[tuple[str, str]] = []
        self.engine = wasmtime.Engine()
        self.compiled = component.Component.from_file(self.engine, file)
        self._linker = component.Linker(self.engine)
        with self._linker.root() as root:
            with root.add_instance(f"patchbay:plugin/types@{CONTRACT}"):
                pass
            with root.add_instance(f"patchbay:plugin/host@{CONTRACT}") as host:
                host.add_func("log", self._log)
        self.start()

    def start(self) -> None:
        """Throws the instance away and makes another."""
        self.store = wasmtime.Store(self.engine)
        self.instance = self._linker.instantiate(self.store, self.compiled)

    def function(self, interface: str, name: str) -> Any:
        """An exported function: it takes and returns values of the contract."""
        index = self.instance.get_export_index(
            self.store, f"patchbay:plugin/{interface}@{CONTRACT}"
        )
        at = self.instance.get_export_index(self.store, name, index)
        exported = self.instance.get_func(self.store, at)

        def call(*arguments: Any) -> Any:
            lowered = [_lower(argument) for argument in arguments]
            result = exported(self.store, *lowered)
            exported.post_return(self.store)
            return _lift(result)

        return call

    def _log(self, _store: Any, level: str, message: str) -> None:
        self.lines.append((level, message))


def _lower(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        record = component.Record()
        for field in fields(value):
            setattr(record, field.name.replace("_", "-"), _lower(getattr(value, field.name)))
        return record
    if isinstance(value, list):
        return [_lower(item) for item in value]
    return value


def _lift(value: Any) -> Any:
    """Records become dicts; a result becomes what is in it."""
    if isinstance(value, component.Variant):
        return _lift(value.payload)
    if isinstance(value, component.Record):
        members = vars(value).items()
        return {name.replace("-", "_"): _lift(member) for name, member in members}
    if isinstance(value, list):
        return [_lift(item) for item in value]
    return value
