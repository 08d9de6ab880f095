"""`python -m patchbay_sdk build`: makes the components of a project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import BuildProblem, Project, build


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; 0 if everything was built."""
    parser = argparse.ArgumentParser(prog="python -m patchbay_sdk", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="make a component of each plugin of a project")
    building.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: this one")
    building.add_argument("--out", type=Path, help="where to put NAME.wasm; default: FOLDER/dist")
    chosen = parser.parse_args(arguments)
    try:
        build(Project.read(chosen.folder), chosen.out or chosen.folder / "dist")
    except BuildProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
