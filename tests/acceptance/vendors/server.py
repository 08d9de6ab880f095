"""Runs every mock vendor in one process, each on a loopback port of its own.

Prints one line of JSON: the vendors with their ports, models and credentials, and the port of
the journal, whose GET answers what was received that a vendor would not have accepted since the
last GET. Runs until it is ended.

Usage: server.py
"""

import http.server
import json
import signal
import sys
import threading

import wire
from mock_anthropic import Anthropic
from mock_azure import Azure
from mock_bedrock import Bedrock
from mock_cohere import Cohere
from mock_gemini import Gemini
from mock_ollama import Ollama
from mock_openai import OpenAI
from mock_tgi import Tgi
from mock_vertex import Vertex


def start() -> tuple[dict, wire.Journal]:
    """Starts all mocks; what `server.py` prints, and the journal."""
    journal = wire.Journal()
    vendors = [Anthropic(), Ollama(), Tgi(), Bedrock(), Gemini(), Vertex(), Azure("classic"),
               Azure("v1"), Azure("classic", "entra"), Cohere(), OpenAI()]
    found = {}
    for vendor in vendors:
        vendor.port = wire.serve(vendor, journal)
        found[vendor.name] = {
            name: value for name in DESCRIBED
            if isinstance(value := getattr(vendor, name, None), (str, int)) and value != ""}
    return found, journal


DESCRIBED = ("port", "key", "model", "embedding_model", "aws", "region", "project",
             "location", "service_account", "client_id", "client_secret", "scope", "deployment",
             "embedding_deployment", "access_key", "secret_key", "session_token")


def serve_journal(journal) -> int:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            body = json.dumps(journal.drain()).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main() -> None:
    vendors, journal = start()
    print(json.dumps({"journal": serve_journal(journal), "vendors": vendors}), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()


if __name__ == "__main__":
    main()
