"""Lines for the gateway's log. Never log prompts, completions or bodies.

The host cuts messages at 2 KiB and drops lines beyond 64 in one exchange. Outside WebAssembly
the lines are kept for `patchbay_sdk.testing.logged`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MOST_KEPT = 64

_kept: deque[tuple[str, str]] = deque(maxlen=MOST_KEPT)


def _keep(level: str, message: str) -> None:
    _kept.append((level, message))


_write: Callable[[str, str], None] = _keep


def send_to(write: Callable[[str, str], None]) -> None:
    """Sends lines to the host. Called once, where the plugin is made."""
    global _write
    _write = write


def take() -> list[tuple[str, str]]:
    """Takes the lines that were kept: level and message."""
    lines = list(_kept)
    _kept.clear()
    return lines


def error(message: str) -> None:
    """Writes a line at the level `error`."""
    _write("error", message)


def warn(message: str) -> None:
    """Writes a line at the level `warn`."""
    _write("warn", message)


def info(message: str) -> None:
    """Writes a line at the level `info`."""
    _write("info", message)


def debug(message: str) -> None:
    """Writes a line at the level `debug`."""
    _write("debug", message)
