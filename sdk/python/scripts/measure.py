"""Prints what a component with the dialect of `examples/python-adapter` costs.

    python scripts/measure.py ../../examples/python-adapter/dist/cirrus-chat.wasm

Runs it in the gateway's version of the runtime, without the gateway. What calls cost is not
measured here: this process would copy their bytes one by one. `measure_gateway.py` does that.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from component_host import Guest

from patchbay_sdk import testing
from patchbay_sdk.build import component

ROUNDS = 200
INSTANCES = 20
MIB = 2**20


def main(file: str) -> None:
    """Measures and prints, one row each."""
    outline = component.outline(Path(file).read_bytes())
    row("file", f"{Path(file).stat().st_size / MIB:.1f} MiB")
    row("linear memory at the start", f"{outline.memory_bytes / MIB:.1f} MiB")
    began = time.perf_counter()
    guest = Guest(file)
    row("compiled and started, all processors", f"{time.perf_counter() - began:.1f} s")
    row("machine code", f"{len(guest.compiled.serialize()) / MIB:.1f} MiB")
    measure_instances(guest)


def measure_instances(guest: Guest) -> None:
    """Fresh instances, each with one call, and what they leave resident."""
    call = testing.chat_stream("nimbus")

    def fresh() -> None:
        guest.start()
        guest.function("egress", "plan")(call)

    plan = guest.function("egress", "plan")
    row("plan on a warm instance", timed(lambda: plan(call)))
    row("fresh instance and its first plan", timed(fresh))
    before = resident_bytes()
    kept = []
    for _ in range(INSTANCES):
        fresh()
        kept.append((guest.store, guest.instance))
    each = (resident_bytes() - before) / INSTANCES
    row("resident for each instance that was called", f"{each / MIB:.1f} MiB")


def timed(call: Callable[[], object]) -> str:
    """The median of many calls."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return f"{median(took) * 1e6:.0f} µs"


def resident_bytes() -> int:
    """Resident memory of this process (Linux)."""
    status = Path("/proc/self/status").read_text("utf-8")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def row(what: str, figure: str) -> None:
    """Prints one figure."""
    print(f"{what:48} {figure:>10}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
