"""Language-neutral fixtures: files with `name`, `input` and `expected`."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures"


def fixtures(folder: str) -> list[dict[str, Any]]:
    """The fixtures of one folder."""
    files = sorted((FOLDER / folder).glob("*.json"))
    assert files, f"{FOLDER / folder} has no fixture"
    return [json.loads(file.read_text("utf-8")) for file in files]
