"""What the build refuses, and the components that it makes."""

import json
from pathlib import Path

import pytest

from patchbay_sdk.__main__ import main
from patchbay_sdk.build import BuildProblem, Project, component

PYPROJECT = '[[tool.patchbay.plugins]]\nhttp_adapter = "{name}:Plain"\n'
MODULE = "from patchbay_sdk import HttpAdapter, Normalizer\n\n\nclass Plain({base}):\n    pass\n"
MANIFEST = {
    "name": "plain",
    "version": "1",
    "kind": "http-adapter",
    "contract": "0.1",
    "description": "Plain",
    "adapter": {"default_dialect": "openai-chat"},
}


def project(folder: Path, module: str, /, **texts: str) -> Path:
    """A project that would build, but for the texts that are given."""
    (folder / "src").mkdir()
    files = {
        "pyproject.toml": texts.get("pyproject", PYPROJECT.format(name=module)),
        "plugin.json": texts.get("manifest", json.dumps(MANIFEST)),
        f"src/{module}.py": texts.get("module", MODULE.format(base="HttpAdapter")),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_a_project_is_read_before_anything_is_made(tmp_path: Path) -> None:
    [plugin] = Project.read(project(tmp_path, "good_plugin")).plugins
    assert (plugin.name, plugin.world) == ("plain", "http-provider")
    assert json.loads(plugin.manifest)["sdk"]["language"] == "python"


@pytest.mark.parametrize(
    ("module", "texts", "named"),
    [
        ("no_tool", {"pyproject": ""}, "names no plugin"),
        ("no_toml", {"pyproject": "["}, "is not TOML"),
        ("no_kind", {"pyproject": "[[tool.patchbay.plugins]]\nadapter = 'a:B'\n"}, "adapter"),
        ("no_class", {"module": "x = 1\n"}, "is not there"),
        ("no_base", {"module": "class Plain:\n    pass\n"}, "HttpAdapter"),
        ("wrong_base", {"module": MODULE.format(base="Normalizer")}, "HttpAdapter"),
        ("bad_manifest", {"manifest": '{"name": "x"}'}, "version is missing"),
        ("bad_kind", {"manifest": json.dumps({**MANIFEST, "kind": "process-adapter"})}, "makes it"),
        ("egress", {}, "is taken"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, module: str, texts: dict[str, str], named: str
) -> None:
    with pytest.raises(BuildProblem, match=named) as caught:
        Project.read(project(tmp_path, module, **texts))
    assert "; " in str(caught.value), "it says what to do"


def test_methods_that_are_missing_are_named(tmp_path: Path) -> None:
    pyproject = '[[tool.patchbay.plugins]]\nnormalizer = "lacking:Plain"\n'
    module = MODULE.format(base="Normalizer")
    with pytest.raises(BuildProblem, match="define plan"):
        Project.read(project(tmp_path, "lacking", pyproject=pyproject, module=module))


def test_the_command_tells_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    ("name", "interfaces"),
    [
        ("echo", {"egress", "ingress"}),
        ("plain", {"http-adapter"}),
        ("program", {"process-adapter"}),
    ],
)
def test_a_component_imports_the_logger_alone(
    components: dict[str, Path], name: str, interfaces: set[str]
) -> None:
    outline = component.outline(components[name].read_bytes())
    assert set(outline.imports) <= {
        "patchbay:plugin/host@0.1.0",
        "patchbay:plugin/types@0.1.0",
    }
    exports = {it for it in outline.exports if it.startswith("patchbay:")}
    assert exports == {f"patchbay:plugin/{it}@0.1.0" for it in interfaces}
    manifest = json.loads(outline.sections[component.MANIFEST_SECTION])
    assert manifest["name"] == name
    assert 0 < outline.memory_bytes < 64 * 2**20


def test_what_is_no_component_is_refused(components: dict[str, Path]) -> None:
    whole = components["plain"].read_bytes()
    for data in (b"", b"\0asm\x01\0\0\0", whole[:-1]):
        with pytest.raises(ValueError, match="component"):
            component.outline(data)


def test_a_long_section_is_found_again(components: dict[str, Path]) -> None:
    data = bytes(300)
    made = component.with_section(components["plain"].read_bytes(), "x", data)
    assert component.outline(made).sections["x"] == data
