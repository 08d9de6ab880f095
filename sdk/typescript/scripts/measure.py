"""What a dialect's component costs, in the gateway's engine: pip install wasmtime==48.0.0.

python measure.py COMPONENT MEASURE: the time to make an instance of COMPONENT and the least memory
in which it takes part in an exchange; then what MEASURE, made by measure.ts, logs.
"""

import statistics
import sys
import time

import wasmtime
from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Linker, Record

HOST = "patchbay:plugin/host@0.1.0"
EGRESS = "patchbay:plugin/egress@0.1.0"
ADAPTER = "patchbay:plugin/http-adapter@0.1.0"
PAGE = 65536
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
EVENT = b'event: words\ndata: {"say": "A few words, as a provider sends them."}\n\n'


def record(**members):
    made = Record()
    made.__dict__.update({name.replace("_", "-"): value for name, value in members.items()})
    return made


CALL = record(operation="chat", model="m", streaming=True, settings="{}", extra=[])
HEAD = record(status=200, headers=[], extra=[])
IDENTITY = record(id="chatcmpl-1", created=1_700_000_000, extra=[])


class Guest:
    def __init__(self, engine, linker, component, memory=-1):
        self.store = Store(engine)
        self.store.set_limits(memory_size=memory)
        self.store.set_wasi(wasmtime.WasiConfig())
        self.instance = linker.instantiate(self.store, component)

    def call(self, interface, name, *arguments):
        within = self.instance.get_export_index(self.store, interface)
        index = self.instance.get_export_index(self.store, name, within)
        return self.instance.get_func(self.store, index)(self.store, *arguments)

    def exchange(self):
        self.call(EGRESS, "plan", CALL)
        self.call(EGRESS, "encode", CALL, BODY)
        decoder = self.call(EGRESS, "[constructor]decoder", CALL, IDENTITY, HEAD)
        for _ in range(8):
            self.call(EGRESS, "[method]decoder.push", decoder, EVENT)


def linked(engine, log):
    linker = Linker(engine)
    linker.add_wasip2()
    with linker.root() as root, root.add_instance(HOST) as host:
        host.add_func("log", log)
    return linker


def median_us(run, times):
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent) * 1e6


def least_memory_mib(engine, linker, component):
    low, high = 1, 2048
    while low < high:
        middle = (low + high) // 2
        try:
            Guest(engine, linker, component, middle * PAGE).exchange()
            high = middle
        except wasmtime.WasmtimeError:
            low = middle + 1
    return low * PAGE / 2**20


def main(dialect, measure):
    engine = Engine(Config())
    component = Component.from_file(engine, dialect)
    linker = linked(engine, lambda store, level, message: None)
    first = lambda: Guest(engine, linker, component).call(EGRESS, "plan", CALL)
    warm = Guest(engine, linker, component)
    warm.exchange()
    print(dialect)
    print(f"an instance and its first call {median_us(first, 50):.0f} µs")
    print(f"a call of a warm instance {median_us(lambda: warm.call(EGRESS, 'plan', CALL), 200):.0f} µs")
    print(f"memory {least_memory_mib(engine, linker, component):.1f} MiB")
    logging = linked(engine, lambda store, level, message: print(message))
    Guest(engine, logging, Component.from_file(engine, measure)).call(ADAPTER, "probe", "{}")


main(*sys.argv[1:])
