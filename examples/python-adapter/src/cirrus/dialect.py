"""The dialect `cirrus-chat`: what is asked where, and who reads the answer."""

from __future__ import annotations

from patchbay_sdk import (
    Call,
    Decoder,
    Encoded,
    ExchangePlan,
    Failure,
    Normalizer,
    ReplyIdentity,
    RequestHead,
    ResponseHead,
    request,
)

from cirrus import faults
from cirrus.asking import encode_chat
from cirrus.reading import ReplyDecoder


class CirrusDialect(Normalizer):
    """Speaks to `/converse`."""

    def plan(self, call: Call) -> ExchangePlan:
        """Body and reply are rewritten."""
        if call.operation != "chat":
            raise Failure.unknown_operation(call.operation)
        head = RequestHead.post("/converse").with_header("content-type", "application/json")
        accept = "application/x-ndjson" if call.streaming else "application/json"
        return ExchangePlan.rewritten(head.with_header("accept", accept))

    def encode(self, call: Call, canonical: bytes) -> Encoded:
        """Writes turns, tools and tuning."""
        return encode_chat(call, request.read(canonical))

    def explain(self, call: Call, head: ResponseHead, body: bytes) -> Failure:
        """Reads Cirrus's faults."""
        return faults.of_reply(head, body)

    def decode(self, call: Call, identity: ReplyIdentity, head: ResponseHead) -> Decoder:
        """Reads events, or the one object."""
        return ReplyDecoder(call, identity, head)
