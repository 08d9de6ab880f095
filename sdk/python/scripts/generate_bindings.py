"""Writes `patchbay_sdk/bindings`, the records of the contract, out of `wit/`.

`python scripts/generate_bindings.py` after a change of `wit/`; a test compares.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIT = ROOT / "src/patchbay_sdk/wit"
BINDINGS = ROOT / "src/patchbay_sdk/bindings"
WORLDS = ("normalizer", "http-provider", "process-provider")

# The package is flat and needs nothing of the guest's runtime.
CHANGES = (
    ("from componentize_py_types import Result, Ok, Err, Some\n", ""),
    ("from ..imports import types\n", "from . import types\n"),
    ("wit_world.imports.", "patchbay_sdk.bindings."),
    ("wit_world.exports.", "patchbay_sdk.bindings."),
)


def generate() -> dict[str, str]:
    """Returns the package's files: name and text."""
    with tempfile.TemporaryDirectory() as folder:
        worlds = [part for world in WORLDS for part in ("--world", world)]
        command = ["componentize-py", "--quiet", "--wit-path", str(WIT), *worlds]
        tool = Path(sys.executable).parent / command[0]
        subprocess.run([str(tool), *command[1:], "bindings", folder], check=True)
        world = Path(folder) / "wit_world"
        modules = [*world.glob("imports/*.py"), *world.glob("exports/*.py")]
        files = {file.name: _changed(file.read_text("utf-8")) for file in modules}
    files["__init__.py"] = '"""Records of the contract, generated from `wit/`."""\n'
    return files


def _changed(text: str) -> str:
    for old, new in CHANGES:
        text = text.replace(old, new)
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"


if __name__ == "__main__":
    for name, text in generate().items():
        (BINDINGS / name).write_text(text, "utf-8")
