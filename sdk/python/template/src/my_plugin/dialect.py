"""Speaks my provider's dialect: a list of messages in, JSON lines out.

POST /chat {"model": "small", "messages": [{"role": "user", "content": "Hi"}], "stream": true}
{"text": "Hel"}
{"text": "lo"}
{"done": true, "read": 7, "written": 2}
"""

from __future__ import annotations

from patchbay_sdk import (
    Call,
    Decoder,
    Document,
    Encoded,
    ExchangePlan,
    Failure,
    Normalizer,
    ReplyIdentity,
    RequestHead,
    ResponseHead,
    explain,
    json_text,
    reply,
    request,
)
from patchbay_sdk.request import Dropped
from patchbay_sdk.split import LineSplitter


class MyPluginDialect(Normalizer):
    """Canonical requests and replies, OpenAI's, to the provider's and back."""

    def plan(self, call: Call) -> ExchangePlan:
        """Method, path and headers; the body is rewritten by `encode`."""
        if call.operation != "chat":
            raise Failure.unknown_operation(call.operation)
        head = RequestHead.post("/chat").with_header("content-type", "application/json")
        return ExchangePlan.rewritten(head)

    def encode(self, call: Call, canonical: bytes) -> Encoded:
        """Writes what the provider understands, and names the rest."""
        chat = request.read(canonical)
        messages = request.messages(chat)
        for name in ("model", "stream", "stream_options"):
            chat.pop(name, None)
        dropped = Dropped()
        dropped.add_members("", chat)
        body = {"model": call.model, "messages": messages, "stream": call.streaming}
        return Encoded(body=json_text.write(body), dropped=dropped.paths)

    def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
        """Starts reading a reply whose status is 2xx; `explain` has a default for all others."""
        return MyPluginDecoder(call, identity, head)


class MyPluginDecoder(Decoder):
    """Reads JSON lines, however the network cut them."""

    def __init__(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> None:
        """Starts a reply."""
        super().__init__(call, identity, head)
        self._lines = LineSplitter()
        self._reply = reply.ReplyWriter(call, identity)
        self._ended = False

    def push(self, chunk: bytes) -> list[Document]:
        """Reads the lines that are whole."""
        for line in self._lines.push(chunk):
            self._read(line)
        return self._reply.take()

    def finish(self, clean: bool) -> list[Document]:
        """Ends the reply; a reply without its end is no answer."""
        last = self._lines.finish()
        if last is not None and clean:
            self._read(last)
        if not self._ended:
            raise Failure.truncated("the reply broke off before its end")
        return self._reply.end()

    def _read(self, line: bytes) -> None:
        failure = explain.error_instead_of_answer(line)
        if failure is not None:
            raise failure
        event = json_text.read_object(line)
        if event is None:
            raise Failure.upstream("a line of the reply is not a JSON object")
        if isinstance(event.get("text"), str):
            self._reply.text(event["text"])
        if event.get("done") is True:
            self._ended = True
            read, written = event.get("read"), event.get("written")
            if isinstance(read, int) and isinstance(written, int):
                self._reply.usage(reply.usage(read, written))
