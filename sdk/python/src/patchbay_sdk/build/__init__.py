"""Makes components of the plugins that a project names.

`build` reads `[[tool.patchbay.plugins]]` of a `pyproject.toml`, checks manifests and classes in
CPython, lets componentize-py make a component without WASI, and puts the manifest into it. The
result imports the contract's logger and nothing else, so that a gateway grants nothing for it.
"""

from .making import build
from .project import BuildProblem, Plugin, Project

__all__ = ["BuildProblem", "Plugin", "Project", "build"]
