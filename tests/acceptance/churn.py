"""Ten thousand streams, a third of the callers leave midway: nothing may be left.

Usage: churn.py PATCHBAY [--requests N] [--concurrency N]

Most streams go to an HTTP upstream inside this process, every twentieth to a program. The
callers who stay have to get the whole stream. Afterwards the gateway may hold no program, no
reply of the upstream and, once its idle connections have run out, no connection; and its memory
may not have grown since the first tenth of the requests.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile

from churn_caller import Caller
from churn_gateway import Gateway
from churn_upstream import Upstream

# Memory counts as grown beyond this share and this many MiB over the first tenth's.
GROWTH_SHARE, GROWTH_MIB = 0.20, 4.0
ROUNDS = 10
# How long the gateway's idle connections may stay open.
IDLE_SECONDS = 180


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patchbay")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    return parser.parse_args()


async def until(what: str, seconds: float, is_so) -> None:
    """Waits until `is_so()`, `seconds` at most."""
    for _ in range(int(seconds / 0.05)):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"after {seconds} s still not so: {what}")


async def one_round(gateway: Gateway, caller: Caller, numbers: range, concurrency: int) -> None:
    left = iter(numbers)

    async def ask_in_turn() -> None:
        for number in left:
            await caller.ask(number)

    await asyncio.gather(*(ask_in_turn() for _ in range(concurrency)))
    await asyncio.sleep(1)  # for the figure below only
    print(f"  {numbers.stop:6} requests, resident {gateway.resident_mib():6.1f} MiB", flush=True)


async def churn(options: argparse.Namespace, gateway: Gateway, upstream: Upstream) -> None:
    caller = Caller(gateway.port, gateway.key, upstream.text)
    idle = gateway.resident_mib()
    print(f"  idle, resident {idle:6.1f} MiB", flush=True)
    resident = []
    size = max(1, options.requests // ROUNDS)
    for start in range(0, options.requests, size):
        numbers = range(start, min(start + size, options.requests))
        await one_round(gateway, caller, numbers, options.concurrency)
        resident.append(gateway.resident_mib())
    stayed, went = caller.stayed, caller.left
    print(f"  {stayed} callers stayed and got the whole stream, {went} left", flush=True)
    assert stayed + went == options.requests, (stayed, went)
    report_delays(caller, upstream)

    await until("no reply of the upstream is under way", 5, lambda: not upstream.under_way)
    await until("no program is left", 5, lambda: not gateway.children())
    print(f"  no reply under way, no program; {gateway.connections(upstream.port)} idle "
          "connections to the upstream", flush=True)
    await until("no connection is left", IDLE_SECONDS,
                lambda: not gateway.connections(upstream.port))
    print("  no connection to the upstream", flush=True)
    bound = resident[0] * (1 + GROWTH_SHARE) + GROWTH_MIB
    end = gateway.resident_mib()
    print(f"  resident: idle {idle:.1f}, after the first tenth {resident[0]:.1f}, "
          f"at the end {end:.1f} MiB (at most {bound:.1f} allowed)", flush=True)
    if max(resident[-1], end) > bound:
        raise AssertionError("memory has grown")


def report_delays(caller: Caller, upstream: Upstream) -> None:
    """How long after a caller left the upstream saw the gateway leave."""
    delays = sorted(
        (gone - caller.left_at[number]) * 1000
        for number, gone in upstream.gone_at.items()
        if number in caller.left_at
    )
    if not delays:
        raise AssertionError("the upstream saw nobody leave")
    print(f"  {len(delays)} replies were left by the gateway after their caller: "
          f"median {statistics.median(delays):.1f} ms, "
          f"p99 {delays[len(delays) * 99 // 100]:.1f} ms, at most {delays[-1]:.1f} ms", flush=True)


async def main() -> None:
    options = arguments()
    async with Upstream() as upstream:
        with tempfile.TemporaryDirectory(prefix="patchbay-churn-") as folder:
            gateway = Gateway(options.patchbay, folder, upstream.port)
            try:
                await until("the gateway is ready", 60, gateway.is_ready)
                await churn(options, gateway, upstream)
            except AssertionError as failure:
                sys.exit(f"{gateway.log_end()}\nchurn: {failure}")
            finally:
                gateway.stop()


if __name__ == "__main__":
    asyncio.run(main())
