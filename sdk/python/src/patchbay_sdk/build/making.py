"""From a checked project to components."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from shutil import which

from . import component
from .project import BuildProblem, Plugin, Project

_PACKAGE = Path(__file__).resolve().parent.parent
_WIT = _PACKAGE / "wit"
_ALLOWED_IMPORTS = "patchbay:plugin/"
_KEPT_OUTPUT_LINES = 40

_EXPORTS = {
    "http_adapter": "HttpAdapter = partial(guest.HttpAdapterExport, {name}())",
    "process_adapter": "ProcessAdapter = partial(guest.ProcessAdapterExport, {name}())",
    "normalizer": (
        "_normalizer = {name}()\n"
        "Egress = partial(guest.EgressExport, _normalizer)\n"
        "Decoder = guest.decoder(_normalizer)"
    ),
    "ingress": (
        "_ingress = {name}()\n"
        "Ingress = partial(guest.IngressExport, _ingress)\n"
        "Encoder = guest.encoder(_ingress)"
    ),
}
# Where the guest's runtime looks for the classes of resources: a module for each interface.
_RESOURCES = {"normalizer": ("egress.py", "Decoder"), "ingress": ("ingress.py", "Encoder")}


def build(project: Project, out: Path, say: Callable[[str], None] = print) -> list[Path]:
    """Makes `out/NAME.wasm` of each plugin and returns the files.

    Raises: `BuildProblem`.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for plugin in project.plugins:
        say(f"{plugin.name}: making a component of {', '.join(plugin.classes.values())}")
        made = component.with_section(
            _componentize(project, plugin), component.MANIFEST_SECTION, plugin.manifest
        )
        found = _check(plugin, made)
        file = out / f"{plugin.name}.wasm"
        # A gateway may be watching the folder: the file is there whole or not at all.
        unfinished = out / f".{plugin.name}.wasm.part"
        unfinished.write_bytes(made)
        unfinished.replace(file)
        mib = [size / 2**20 for size in (len(made), found.memory_bytes)]
        say(f"{plugin.name}: {file} is there: {mib[0]:.1f} MiB, an instance has {mib[1]:.1f} MiB")
        files.append(file)
    return files


def _componentize(project: Project, plugin: Plugin) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        entry, made = Path(folder) / "entry", Path(folder) / "component.wasm"
        entry.mkdir()
        for name, text in entry_modules(plugin).items():
            (entry / name).write_text(text, "utf-8")
        paths = [entry, project.source, _PACKAGE.parent, Path(sysconfig.get_paths()["purelib"])]
        command = [
            _tool(),
            *("--wit-path", str(_WIT), "--world", plugin.world, "componentize", "--stub-wasi"),
            *(part for path in paths for part in ("--python-path", str(path))),
            *("--output", str(made), "patchbay_entry"),
        ]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if run.returncode != 0 or not made.exists():
            said = "\n".join((run.stdout + run.stderr).splitlines()[-_KEPT_OUTPUT_LINES:])
            raise BuildProblem(
                f"componentize-py made no component of {plugin.name}; a plugin's modules are "
                f"imported while it is made and may import pure Python only. It said:\n{said}"
            )
        return made.read_bytes()


def entry_modules(plugin: Plugin) -> dict[str, str]:
    """The modules that join a plugin's classes to the guest's runtime: names and texts."""
    lines = ["from functools import partial", "from componentize_py_types import Err"]
    lines += ["from wit_world.imports import host", "from patchbay_sdk import guest"]
    exports, modules = [], {}
    for at, (kind, path) in enumerate(plugin.classes.items()):
        module, _, name = path.partition(":")
        lines.append(f"from {module} import {name} as plugin_{at}")
        exports.append(_EXPORTS[kind].format(name=f"plugin_{at}"))
        if kind in _RESOURCES:
            file, resource = _RESOURCES[kind]
            modules[file] = f"from patchbay_entry import {resource}\n"
    lines += ["guest.start(Err, host.log)", *exports, "guest.seal()"]
    return {"patchbay_entry.py": "\n".join(lines) + "\n", **modules}


def _tool() -> str:
    beside = Path(sys.executable).parent / "componentize-py"
    found = str(beside) if beside.exists() else which("componentize-py")
    if found is None:
        raise BuildProblem("componentize-py is not installed; pip install patchbay-sdk brings it")
    return found


def _check(plugin: Plugin, made: bytes) -> component.Outline:
    found = component.outline(made)
    unwanted = [name for name in found.imports if not name.startswith(_ALLOWED_IMPORTS)]
    if unwanted:
        raise BuildProblem(
            f"the component of {plugin.name} imports {', '.join(unwanted)}, which no gateway "
            "gives; install the componentize-py that this SDK pins"
        )
    return found
