"""Prints what `examples/python-adapter` costs a gateway, in processor time.

    python scripts/measure_gateway.py PATCHBAY ../../examples/python-adapter/dist

PATCHBAY is the gateway's program. It runs with the two plugins and a provider in this process,
once with an instance for each exchange and once with `isolation = "reuse"`. The last column is
the same provider reached without a translation, by `openai-compatible` and `openai-chat`.
Needs Linux: processor time comes from `/proc`.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REQUESTS = 300
CHUNKS = 50
KEY = "pk-measure-0123456789"
TICKS = os.sysconf("SC_CLK_TCK")

CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
[plugins]
directory = "{plugins}"
trust = {{ unsigned = true }}
[plugins.grants.cirrus]
isolation = "{isolation}"
[plugins.grants.cirrus-chat]
isolation = "{isolation}"
[[providers]]
id = "cirrus"
adapter = "cirrus"
base_url = "{provider}"
credentials = {{ api_key = "k" }}
models = ["nimbus"]
settings = {{ workspace = "blue" }}
network = "anywhere"
[[providers]]
id = "plain"
adapter = "openai-compatible"
base_url = "{provider}"
models = ["plain"]
network = "anywhere"
[[api_keys]]
id = "measure"
key = "{key}"
"""


class Provider(BaseHTTPRequestHandler):
    """Cirrus, and the same answers in OpenAI's dialect."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        """Answers, each chunk of a stream in a write of its own."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_cirrus = self.path == "/v2/converse"
        streams = body["flow" if is_cirrus else "stream"] if len(body) else False
        pieces = (_cirrus if is_cirrus else _openai)(bool(streams))
        self.send_response(200)
        kind = "application/x-ndjson" if is_cirrus else "text/event-stream"
        self.send_header("content-type", kind if streams else "application/json")
        self.send_header("content-length", str(sum(map(len, pieces))))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            # Lets the gateway read it by itself.
            time.sleep(0.0002)


def _cirrus(streams: bool) -> list[bytes]:
    end = b'{"end": "done", "count": {"read": 3, "written": 50}}\n'
    if not streams:
        return [b'{"text": "a word or two", ' + end[1:]]
    return [b'{"text": "a word or two "}\n'] * CHUNKS + [end]


def _openai(streams: bool) -> list[bytes]:
    head = {"id": "x", "created": 1, "model": "plain"}
    choice = {"index": 0, "finish_reason": None}
    if not streams:
        message = {"role": "assistant", "content": "a word or two"}
        whole = {**head, "object": "chat.completion"}
        whole["choices"] = [{**choice, "finish_reason": "stop", "message": message}]
        return [json.dumps(whole).encode()]
    chunk = {**head, "object": "chat.completion.chunk"}
    part = {**chunk, "choices": [{**choice, "delta": {"content": "a word or two "}}]}
    last = {**chunk, "choices": [{**choice, "delta": {}, "finish_reason": "stop"}]}
    events = [part] * CHUNKS + [last]
    written = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    return [*written, b"data: [DONE]\n\n"]


class Gateway:
    """A gateway that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, model: str, streams: bool) -> None:
        """One request, read to its end."""
        messages = [{"role": "user", "content": "Tell me a word or two, please."}]
        body = json.dumps({"model": model, "stream": streams, "messages": messages})
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        self.connection.request("POST", "/v1/chat/completions", body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise SystemExit(f"status {response.status}: {answer!r}")

    def cost(self, model: str, streams: bool) -> float:
        """Processor time of one request, in µs."""
        for _ in range(REQUESTS // 10):
            self.ask(model, streams)
        before = self.processor_seconds()
        for _ in range(REQUESTS):
            self.ask(model, streams)
        return (self.processor_seconds() - before) / REQUESTS * 1e6

    def processor_seconds(self) -> float:
        """Processor time since the start."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(") ")[2]
        user, system = stat.split()[11:13]
        return (int(user) + int(system)) / TICKS

    def resident_mib(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def running(program: str, configuration: str) -> Iterator[Gateway]:
    """Starts a gateway and ends it."""
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "patchbay.toml", Path(folder) / "log"
        file.write_text(configuration, "utf-8")
        command = [program, "serve", "--config", str(file)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
        try:
            began = time.perf_counter()
            while (found := re.search(r"address=[\d.]+:(\d+)", log.read_text("utf-8"))) is None:
                if process.poll() is not None:
                    raise SystemExit(log.read_text("utf-8"))
                time.sleep(0.05)
            row("ready after, seconds", [time.perf_counter() - began])
            yield Gateway(process, int(found[1]))
        finally:
            process.terminate()
            process.wait()


def main(program: str, plugins: str) -> None:
    """Measures and prints."""
    provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    values = {
        "plugins": Path(plugins).resolve(),
        "provider": f"http://127.0.0.1:{provider.server_port}",
        "key": KEY,
    }
    for isolation in ("fresh", "reuse"):
        print(f"isolation = {isolation!r}; µs of processor time: cirrus, plain")
        with running(program, CONFIGURATION.format(isolation=isolation, **values)) as gateway:
            unary = [gateway.cost(model, False) for model in ("nimbus", "plain")]
            stream = [gateway.cost(model, True) for model in ("nimbus", "plain")]
            row("a request", unary)
            row(f"a stream of {CHUNKS} chunks", stream)
            row(
                "a chunk",
                [(long - short) / CHUNKS for long, short in zip(stream, unary, strict=True)],
            )
            row("resident memory, MiB", [gateway.resident_mib()])
    provider.shutdown()


def row(what: str, figures: list[float]) -> None:
    """Prints figures of one kind."""
    print(f"  {what:28}" + "".join(f"{figure:>12.1f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
