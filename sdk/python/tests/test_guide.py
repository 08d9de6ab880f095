"""The plugin guide's Python plugin is one that passes its tests and can be built."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from generate_bindings import ROOT

from patchbay_sdk.build import Project

REPOSITORY = ROOT.parent.parent


def test_the_plugin_in_the_guide_is_good(tmp_path: Path) -> None:
    guide = (REPOSITORY / "md-docs/plugin-guide.md").read_text("utf-8")
    section = guide.partition("\n## Python\n")[2].partition("\n## ")[0]
    project = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)[0]
    module, test = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    files = {"pyproject.toml": project, "src/example_cloud.py": module, "tests/test_it.py": test}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    shutil.copy(REPOSITORY / "examples/first-adapter/plugin.json", tmp_path)
    [plugin] = Project.read(tmp_path).plugins
    assert plugin.name == "first-adapter"
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
