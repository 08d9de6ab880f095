"""The upstream of the churn: streams at a pace, and notes who leaves when."""

import asyncio
import json
import time

EVENTS = 20
PAUSE_SECONDS = 0.002


def events() -> list[bytes]:
    """The events of every stream, its end included."""
    start = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f" word{number}"} for number in range(EVENTS - 2)] + [{}]
    reasons = [None] * (EVENTS - 1) + ["stop"]
    documents = [
        {**start, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in zip(deltas, reasons)
    ]
    return [b"data: " + json.dumps(d).encode() + b"\n\n" for d in documents] + [b"data: [DONE]\n\n"]


class Upstream:
    """Serves HTTP/1.1 with keep-alive. `gone_at` holds, by number, when a reply was left."""

    def __init__(self) -> None:
        self.events = events()
        self.text = "".join(f" word{number}" for number in range(EVENTS - 2))
        self.under_way: set[int] = set()
        self.gone_at: dict[int, float] = {}

    async def __aenter__(self) -> "Upstream":
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while body := await self.read_request(reader):
                await self.answer(int(json.loads(body)["user"]), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(line for line in lines if line.startswith(b"content-length:"))
        return await reader.readexactly(int(length.split(b":")[1]))

    async def answer(self, number: int, reader, writer) -> None:
        self.under_way.add(number)
        # Nothing is sent while a reply is under way, so whatever is read now is the end.
        watching = asyncio.create_task(reader.read(1))
        try:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                         b"transfer-encoding: chunked\r\n\r\n")
            for event in self.events:
                writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                done, _ = await asyncio.wait([watching], timeout=PAUSE_SECONDS)
                if done or writer.is_closing():
                    self.gone_at[number] = time.monotonic()
                    raise ConnectionResetError
            writer.write(b"0\r\n\r\n")
        finally:
            await self.stop_watching(watching)
            self.under_way.discard(number)

    @staticmethod
    async def stop_watching(watching: asyncio.Task) -> None:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
