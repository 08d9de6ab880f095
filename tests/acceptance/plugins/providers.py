"""The invented providers of the examples, and an OpenAI-like one, on one loopback port.

Each lives below a path of its own (`/example`, `/nimbus`, `/cirrus`, `/sunny`), refuses a request
that lacks what its adapter has to add, and says "Hello from NAME". While `GET /hold` was the last
of the two, a streamed reply stops after its first word until `GET /release`.

Prints the port. Runs until it is ended. Usage: providers.py
"""

import http.server
import json
import signal
import sys
import threading

FREE = threading.Event()
FREE.set()
HELD_AT_MOST_S = 600


def openai_whole(text: str) -> dict:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000}
    return {**head, "model": "small", "choices": [choice], "usage": usage}


def openai_stream(words: list[str]) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
    deltas = [{"role": "assistant", "content": words[0]}, *({"content": it} for it in words[1:])]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    chunks = [{**head, "model": "small", "choices": [choice]} for choice in choices]
    return [*(f"data: {json.dumps(it)}\n\n".encode() for it in chunks), b"data: [DONE]\n\n"]


def nimbus_stream(words: list[str]) -> list[bytes]:
    events = [("begin", {"ref": "nb-1"}), *(("words", {"say": word}) for word in words)]
    events += [("tally", {"in": 3, "out": 2}), ("end", {"why": "finished"})]
    return [f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in events]


def nimbus_whole(text: str) -> dict:
    counts = {"in": 3, "out": 2}
    return {"ref": "nb-1", "say": text, "tally": counts, "why": "finished"}


def cirrus_stream(words: list[str]) -> list[bytes]:
    events = [{"text": word} for word in words]
    events.append({"end": "done", "count": {"read": 3, "written": 2}})
    return [f"{json.dumps(event)}\n".encode() for event in events]


def cirrus_whole(text: str) -> dict:
    return {"text": text, "end": "done", "count": {"read": 3, "written": 2}}


# Path, headers that have to be there, the member that asks for a stream, how replies look.
PROVIDERS = {
    "example": ("/inference/chat/completions", {"x-team": "blue", "x-example-key": "secret"},
                "stream", openai_whole, openai_stream, "text/event-stream"),
    "nimbus": ("/v2/converse", {"x-nimbus-region": "north", "x-nimbus-key": "secret"},
               "live", nimbus_whole, nimbus_stream, "text/event-stream"),
    "cirrus": ("/v2/converse", {"x-cirrus-workspace": "blue", "x-cirrus-key": "secret"},
               "flow", cirrus_whole, cirrus_stream, "application/x-ndjson"),
    "sunny": ("/chat/completions", {"x-team": "blue", "authorization": "Bearer secret"},
              "stream", openai_whole, openai_stream, "text/event-stream"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        {"/hold": FREE.clear, "/release": FREE.set}[self.path]()
        self.answer(200, b"{}", "application/json")

    def do_POST(self):
        name, _, rest = self.path.removeprefix("/").partition("/")
        path, headers, streamed, whole, stream, kind = PROVIDERS[name]
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wrong = [it for it, value in headers.items() if self.headers[it] != value]
        if not f"/{rest}".endswith(path) or wrong:
            problem = {"error": {"message": f"wrong: path {self.path}, headers {wrong}"}}
            self.answer(400, json.dumps(problem).encode(), "application/json")
        elif asked.get(streamed):
            self.stream(stream(["Hello ", f"from {name}"]), kind)
        else:
            text = json.dumps(whole(f"Hello from {name}"))
            self.answer(200, text.encode(), "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, pieces: list[bytes], kind: str) -> None:
        """Until the connection ends. The first word is in the first two pieces."""
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()
        for piece in pieces:
            if b"from" in piece:
                FREE.wait(HELD_AT_MOST_S)
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
