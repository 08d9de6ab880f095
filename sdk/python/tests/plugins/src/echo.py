"""Plugins of every kind, as small as they can be."""

from patchbay_sdk import (
    Argument,
    Call,
    CallerFailure,
    Decoded,
    Decoder,
    Document,
    Encoder,
    ExchangePlan,
    Extra,
    Failure,
    HttpAdapter,
    Ingress,
    Normalizer,
    Process,
    ProcessAdapter,
    Reply,
    ReplyIdentity,
    RequestHead,
    ResponseHead,
    json_text,
    reply,
    request,
)
from patchbay_sdk.split import LineSplitter


class EchoDialect(Normalizer):
    """Plans, and what goes wrong while planning."""

    def plan(self, call: Call) -> ExchangePlan:
        """Fails as the model's name says."""
        if call.model == "misconfigured":
            raise Failure.misconfigured("settings.x", "is wrong")
        if call.model == "faulty":
            raise KeyError("a secret of the caller's")
        if call.model == "printing":
            print("a line")
        return ExchangePlan.rewritten(RequestHead.post("/"))

    def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
        """Reads lines."""
        return EchoDecoder(call, identity, head)


class EchoDecoder(Decoder):
    """Each line is a text; `end` ends."""

    def __init__(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> None:
        """Starts a reply."""
        super().__init__(call, identity, head)
        self._lines = LineSplitter()
        self._reply = reply.ReplyWriter(call, identity)
        self._ended = False

    def push(self, chunk: bytes) -> list[Document]:
        """Takes lines."""
        for line in self._lines.push(chunk):
            self._ended = line == b"end"
            if not self._ended:
                self._reply.text(line.decode(errors="replace"))
        return self._reply.take()

    def finish(self, clean: bool) -> list[Document]:
        """Needs the line `end`."""
        if not self._ended:
            raise Failure.truncated("there is no end")
        return self._reply.end()


class EchoApi(Ingress):
    """`{"model", "question"}` in, the answer's text out."""

    def decode(self, head: RequestHead, body: bytes) -> Decoded:
        """Reads a question."""
        asked = request.read(body)
        if not isinstance(asked.get("question"), str):
            raise Failure.invalid_request("question", "question is missing")
        messages = [{"role": "user", "content": asked["question"]}]
        canonical = json_text.write({"model": asked["model"], "messages": messages})
        return Decoded("chat", asked["model"], streaming=False, canonical=canonical)

    def fail(self, status: int, failure: CallerFailure) -> Reply:
        """Says the failure's type and message."""
        said = {"type": failure.error_type, "said": failure.message}
        return Reply.json(status, json_text.write(said))

    def encode(self, extra: Extra, streaming: bool) -> Encoder:
        """Writes an answer."""
        return EchoEncoder(extra, streaming)


class EchoEncoder(Encoder):
    """Writes the texts of a reply."""

    def head(self) -> ResponseHead:
        """Plain text."""
        return ResponseHead(200).with_header("content-type", "text/plain")

    def push(self, documents: list[Document]) -> bytes:
        """The text of each document."""
        read = [json_text.read(document) for document in documents]
        return b"".join(it["choices"][0]["message"]["content"].encode() for it in read)

    def finish(self, failure: CallerFailure | None) -> bytes:
        """A failure is a last line."""
        return b"" if failure is None else failure.message.encode()


class Plain(HttpAdapter):
    """Everything by default."""


class Program(ProcessAdapter):
    """`/bin/echo` and the prompt."""

    def prepare(self, call: Call) -> Process:
        """The prompt is the only argument."""
        return Process("/bin/echo", [Argument.body_after()])

    def probe(self, settings: str) -> Process:
        """Without a prompt."""
        return Process("/bin/echo")
