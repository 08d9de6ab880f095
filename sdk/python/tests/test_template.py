"""The template: as it is, and as what each kind of project becomes of it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patchbay_sdk.build import Project

TEMPLATE = Path(__file__).parent.parent / "template"
NAMES = {
    "my-plugin": "sunny-cloud",
    "my_plugin": "sunny_cloud",
    "MyPlugin": "SunnyCloud",
    "My provider": "Sunny Cloud",
    "my provider": "Sunny Cloud",
    "MY_PROVIDER": "SUNNY_CLOUD",
}
LEFT_OUT = {
    "both": (),
    "adapter": ("dialect.json", "dialect.py", "test_dialect.py", "reply.jsonl"),
    "normalizer": ("adapter.json", "adapter.py", "test_adapter.py"),
}
PARTS = {"both": (), "adapter": ("dialect",), "normalizer": ("adapter",)}
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "dist", ".venv")


def renamed(text: str) -> str:
    for name, new in NAMES.items():
        text = text.replace(name, new)
    return text


def without_marks(text: str, kind: str) -> str:
    for part in PARTS[kind]:
        text = re.sub(rf"(?ms)^# {part}\n.*?^# end of {part}\n", "", text)
    return re.sub(r"(?m)^# (end of )?(adapter|dialect)\n", "", text)


def new_project(folder: Path, kind: str) -> Path:
    """Does what `TEMPLATE.md` says."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns(*CACHES, "TEMPLATE.md"))
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        if file.name in LEFT_OUT[kind]:
            file.unlink()
            continue
        text = without_marks(renamed(file.read_text("utf-8")), kind)
        dialect = {"adapter": "openai-chat", "normalizer": "sunny-cloud"}.get(kind)
        if dialect:
            text = text.replace("sunny-cloud-chat", dialect)
        file.write_text(text, "utf-8")
    (folder / "src/my_plugin").rename(folder / "src/sunny_cloud")
    return folder


def run_tests(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_template_passes_its_own_tests() -> None:
    run_tests(TEMPLATE)


@pytest.mark.parametrize("kind", ["both", "adapter", "normalizer"])
def test_a_new_project_passes_its_tests_and_can_be_built(tmp_path: Path, kind: str) -> None:
    folder = new_project(tmp_path / "project", kind)
    run_tests(folder)
    names = [plugin.name for plugin in Project.read(folder).plugins]
    expected = {"adapter": ["sunny-cloud"], "normalizer": ["sunny-cloud"]}
    assert names == expected.get(kind, ["sunny-cloud", "sunny-cloud-chat"])
    texts = [file.read_text("utf-8") for file in folder.rglob("*.*") if file.suffix != ".pyc"]
    assert not re.search(r"my[-_]plugin|MyPlugin|# (end of )?(dialect|adapter)\n", "".join(texts))
