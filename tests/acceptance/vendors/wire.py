"""The HTTP side of a mock vendor: one server a vendor on a loopback port of its own.

A vendor is a function from a `Request` to a `Reply`, or a `Refusal` raised by it. What a vendor
refuses because the request breaks its rules is written into the journal: the acceptance fails
if anything stands there that a case did not expect.

Streams are cut on purpose where clients are careless: inside frames, inside UTF-8 sequences.
Whole replies are compressed for those who accept it.
"""

import dataclasses
import gzip
import http.server
import itertools
import json
import socket
import threading
import urllib.parse

# Sizes of the pieces that a stream goes out in, over and over.
CUTS = (1, 2, 3, 7, 41, 1, 5, 113, 64, 19)


@dataclasses.dataclass
class Request:
    method: str
    path: str            # as it came, still percent-encoded
    query: dict          # name to list of values
    raw_query: str
    headers: dict        # lower-case names; values of repeated ones joined by ", "
    body: bytes
    host: str

    def json(self):
        """The body, which has to be an object."""
        try:
            value = json.loads(self.body)
        except ValueError as problem:
            raise Refusal(400, f"the body is no JSON: {problem}") from problem
        if not isinstance(value, dict):
            raise Refusal(400, "the body is no JSON object")
        return value


@dataclasses.dataclass
class Reply:
    body: bytes = b""
    content_type: str = "application/json"
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    is_stream: bool = False
    breaks_off: bool = False


class Refusal(Exception):
    """The vendor does not accept the request: `is_violation` if the sender broke a rule."""

    def __init__(self, status, message, code=None, headers=None, is_violation=True):
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.is_violation = is_violation


class Journal:
    """What was received that a vendor would not have accepted, and how many requests came."""

    def __init__(self):
        self._lock = threading.Lock()
        self._violations = []
        self._requests = {}

    def request(self, vendor):
        with self._lock:
            self._requests[vendor] = self._requests.get(vendor, 0) + 1

    def violation(self, vendor, text):
        with self._lock:
            self._violations.append(f"{vendor}: {text}")

    def drain(self):
        """Everything since the last call."""
        with self._lock:
            found = {"violations": self._violations, "requests": self._requests}
            self._violations, self._requests = [], {}
        return found


def json_reply(value, **options) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), **options)


def require(holds, message, status=400, code=None):
    """The vendor's rule: without it the request is refused and written down."""
    if not holds:
        raise Refusal(status, message, code)


def require_none(problems):
    """The same for a list of problems."""
    require(not problems, "; ".join(problems[:6]))


def expect_header(request, name, value, status=401):
    actual = request.headers.get(name)
    require(actual == value, f"header {name}: {actual!r} instead of {value!r}", status)


def expect_no_header(request, *names):
    for name in names:
        require(name not in request.headers, f"header {name} does not belong here")


def expect_json(request):
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    require(kind == "application/json", f"content-type {kind!r} instead of application/json", 415)
    require(request.method == "POST", f"method {request.method}", 405)


def sse(event, value) -> bytes:
    """One server-sent event."""
    data = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {data}\n\n".encode()


def serve(vendor, journal, listen=("127.0.0.1", 0)):
    """Starts a vendor: an object with `name`, `answer(request)` and `refuse(refusal)`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def log_message(self, *_):
            pass

        def handle_any(self):
            request = read(self)
            journal.request(vendor.name)
            try:
                reply = vendor.answer(request)
            except Refusal as refusal:
                if refusal.is_violation:
                    journal.violation(vendor.name, f"{request.path}: {refusal.message}")
                reply = vendor.refuse(refusal)
            except Exception as fault:  # a mistake of the mock's must be seen, not hang a client
                journal.violation(vendor.name, f"the mock failed: {fault!r}")
                reply = Reply(b"the mock failed", "text/plain", 500)
            send(self, reply)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

    server = http.server.ThreadingHTTPServer(listen, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def read(handler) -> Request:
    target = urllib.parse.urlsplit(handler.path)
    headers = {}
    for name, value in handler.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join(read_chunks(handler.rfile))
    else:
        body = handler.rfile.read(int(headers.get("content-length", 0)))
    return Request(handler.command, target.path, urllib.parse.parse_qs(target.query, True),
                   target.query, headers, body, headers.get("host", ""))


def read_chunks(stream):
    while size := int(stream.readline().split(b";")[0], 16):
        yield stream.read(size)
        stream.readline()
    while stream.readline().strip():
        pass


def send(handler, reply):
    handler.send_response(reply.status)
    handler.send_header("content-type", reply.content_type)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    body = reply.body
    accepted = handler.headers.get("accept-encoding", "")
    if "gzip" in accepted and not reply.is_stream and not reply.breaks_off:
        body = gzip.compress(body)
        handler.send_header("content-encoding", "gzip")
    if reply.is_stream:
        handler.send_header("transfer-encoding", "chunked")
    else:
        handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    if reply.breaks_off:
        # Late enough for a client to have seen text, early enough to lack the end.
        body = body[: len(body) * 6 // 10]
    try:
        if reply.is_stream:
            for piece in pieces(body):
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if not reply.breaks_off:
                handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.wfile.write(body)
    except OSError:
        handler.close_connection = True  # the client went away
    if reply.breaks_off:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)


def pieces(body):
    start = 0
    for size in itertools.cycle(CUTS):
        if start >= len(body):
            return
        yield body[start:start + size]
        start += size
