"""What is made once for all tests."""

from pathlib import Path

import pytest

from patchbay_sdk.build import Project, build

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="session")
def components(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The components of the test plugins, by name."""
    files = build(Project.read(PLUGINS), tmp_path_factory.mktemp("dist"))
    return {file.stem: file for file in files}
