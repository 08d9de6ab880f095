"""What a project says of its plugins, in `pyproject.toml` and their manifests.

    [tool.patchbay]
    source = "src"                    # folder of the modules; the default

    [[tool.patchbay.plugins]]
    manifest = "plugin.json"          # the default
    http_adapter = "my_plugin:MyPlugin"

A plugin names `http_adapter`, or `process_adapter`, or `normalizer`, or `ingress`, or the last
two together: `module:Class`.
"""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import manifest
from ..http_adapter import HttpAdapter
from ..ingress import Ingress
from ..normalizer import Normalizer
from ..process_adapter import ProcessAdapter

BASES: dict[str, type] = {
    "http_adapter": HttpAdapter,
    "process_adapter": ProcessAdapter,
    "normalizer": Normalizer,
    "ingress": Ingress,
}
_WORLDS = {
    ("http_adapter",): "http-provider",
    ("process_adapter",): "process-provider",
    ("normalizer",): "egress-normalizer",
    ("ingress",): "ingress-normalizer",
    ("normalizer", "ingress"): "normalizer",
}
_KINDS = {"http-provider": "http-adapter", "process-provider": "process-adapter"}
# The entry's own modules, and those of the guest's runtime.
_TAKEN = {"egress", "ingress", "patchbay_entry", "wit_world", "componentize_py_types"}


class BuildProblem(Exception):
    """Why no component is made: what is wrong; what to do."""


@dataclass(frozen=True)
class Plugin:
    """One plugin of a project, checked."""

    name: str
    manifest: bytes
    """The manifest as it goes into the component."""
    world: str
    """The world of the contract that it exports."""
    classes: dict[str, str]
    """By what they are, `http_adapter` and so on: `module:Class`."""


@dataclass(frozen=True)
class Project:
    """A folder with plugins."""

    folder: Path
    source: Path
    plugins: list[Plugin]

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Reads and checks everything that can be checked before building.

        Raises: `BuildProblem`.
        """
        tool = _tool_table(folder)
        source = folder / str(tool.get("source", "src"))
        if not source.is_dir():
            raise BuildProblem(f"the folder {source} is not there; set tool.patchbay.source")
        entries = tool.get("plugins")
        if not isinstance(entries, list) or not entries:
            example = 'http_adapter = "my_plugin:MyPlugin"'
            raise BuildProblem(
                "pyproject.toml names no plugin; "
                f"add [[tool.patchbay.plugins]] with a line like {example}"
            )
        sys.path.insert(0, str(source))
        try:
            plugins = [_plugin(folder, entry) for entry in entries]
        finally:
            sys.path.remove(str(source))
        return cls(folder, source, plugins)


def _tool_table(folder: Path) -> dict[str, Any]:
    file = folder / "pyproject.toml"
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError:
        raise BuildProblem(f"{file} cannot be read; run this in the plugin's folder") from None
    except ValueError as error:
        raise BuildProblem(f"{file} is not TOML: {error}; mend it") from None
    table: Any = document.get("tool", {}).get("patchbay", {})
    return table if isinstance(table, dict) else {}


def _plugin(folder: Path, entry: Any) -> Plugin:
    members = dict(entry) if isinstance(entry, dict) else {}
    file = folder / str(members.pop("manifest", "plugin.json"))
    unknown = ", ".join(members.keys() - BASES.keys())
    if unknown:
        raise BuildProblem(f"{unknown} is not a kind of plugin; use one of {', '.join(BASES)}")
    # In the order of BASES, whatever the order in the file.
    classes = {kind: str(members[kind]) for kind in BASES if kind in members}
    world = _WORLDS.get(tuple(classes))
    if world is None:
        raise BuildProblem(
            "a plugin is an http_adapter, a process_adapter, a normalizer, an ingress, or the last "
            "two together; name that in [[tool.patchbay.plugins]]"
        )
    for kind, path in classes.items():
        _check_class(kind, path)
    said = _manifest(file, world)
    return Plugin(said["name"], json.dumps(said, ensure_ascii=False).encode(), world, classes)


def _check_class(kind: str, path: str) -> None:
    module, _, name = path.partition(":")
    if module.split(".")[0] in _TAKEN:
        raise BuildProblem(f"the module name {module} is taken; rename the module")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BuildProblem(
            f'{kind} = "{path}" is not there ({error}); write module:Class'
        ) from error
    base = BASES[kind]
    if not isinstance(found, type) or not issubclass(found, base):
        raise BuildProblem(f"{path} is not a {base.__name__}; derive it from that class")
    missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
    if missing:
        raise BuildProblem(f"{path} lacks methods; define {missing}")


def _manifest(file: Path, world: str) -> dict[str, Any]:
    """The manifest with what it was built with."""
    try:
        text = file.read_text("utf-8")
    except OSError:
        raise BuildProblem(
            f"the manifest {file} cannot be read; write it or set manifest"
        ) from None
    found = manifest.problems(text)
    if found:
        raise BuildProblem(f"{file}: {', and '.join(found)}; mend it")
    said: dict[str, Any] = json.loads(text)
    kind = _KINDS.get(world, "normalizer")
    if said["kind"] != kind:
        raise BuildProblem(f'{file} says "kind": "{said["kind"]}"; the class makes it "{kind}"')
    built_with = {"name": "patchbay-sdk", "version": manifest.SDK_VERSION, "language": "python"}
    return {**said, "sdk": said.get("sdk") or built_with}
