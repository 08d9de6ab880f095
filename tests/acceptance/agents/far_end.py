"""The far end of agents: three vendors' APIs on one loopback port, with one model behind them.

Prints its port, and runs until it is ended. Each request is a line on standard error.

Usage: far_end.py KEY
"""

import http.server
import json
import sys
import urllib.parse

import anthropic_api
import gemini_api
import responses_api
import story

APIS = (anthropic_api, responses_api, gemini_api)


class FarEnd(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    expected_key = ""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.say("no such thing")
        self.send(404, {"error": {"message": "there is no such thing"}})

    do_HEAD = do_GET

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        path = urllib.parse.urlsplit(self.path).path
        api = next((api for api in APIS if api.PATH.fullmatch(path)), None)
        if api is None:
            return self.do_GET()
        if api.key(self.headers) != self.expected_key:
            self.say("a wrong key")
            return self.send(401, api.error(401, "this is not the key"))
        try:
            turn = story.play(*api.read(body))
        except story.Refused as refused:
            self.say(str(refused))
            return self.send(refused.status, api.error(refused.status, str(refused)))
        self.say(f"{turn.text!r}, command {turn.command!r}")
        if api.streams(path, body):
            self.stream(api.events(body, turn))
        else:
            self.send(200, api.whole(path, body, turn))

    def say(self, words: str):
        print(f"{self.command} {self.path}: {words}", file=sys.stderr, flush=True)

    def send(self, status: int, value: dict):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for name, value in events:
            head = f"event: {name}\n" if name else ""
            self.wfile.write(f"{head}data: {json.dumps(value)}\n\n".encode())
        self.close_connection = True


def main(key: str) -> None:
    FarEnd.expected_key = key
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FarEnd)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
