"""The records are those of `wit/`."""

import tomllib
from importlib import metadata

from generate_bindings import BINDINGS, ROOT, generate

from patchbay_sdk import manifest


def test_the_bindings_are_what_the_tool_writes() -> None:
    there = {file.name: file.read_text("utf-8") for file in BINDINGS.glob("*.py")}
    assert there == generate(), "run scripts/generate_bindings.py"


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == manifest.SDK_VERSION == metadata.version("patchbay-sdk")
