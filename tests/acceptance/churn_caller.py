"""The callers of the churn: two thirds stay, one third leaves midway."""

import asyncio
import json
import random
import time

PROGRAM_WORDS = 5


class Caller:
    """Asks by number. Which request leaves, and when, depends on the number alone."""

    def __init__(self, port: int, key: str, text: str) -> None:
        self.port, self.key, self.text = port, key, text
        self.stayed = self.left = 0
        self.left_at: dict[int, float] = {}

    async def ask(self, number: int) -> None:
        chance = random.Random(number)
        to_program = number % 20 == 7
        events = PROGRAM_WORDS if to_program else 20
        # 0 leaves before the first byte.
        leave_after = chance.randrange(events) if number % 3 == 0 else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self.request(number, "program" if to_program else "m"))
            await writer.drain()
            if leave_after is None:
                self.check(await reader.read(), to_program)
                self.stayed += 1
                return
            if leave_after == 0:
                await asyncio.sleep(chance.random() * 0.003)
            for _ in range(leave_after):
                await reader.readuntil(b"data: ")
            self.left += 1
            self.left_at[number] = time.monotonic()
            if chance.random() < 0.5:
                writer.transport.abort()
        except asyncio.IncompleteReadError as error:
            raise AssertionError(f"request {number} ended early: {error.partial!r}") from error
        finally:
            writer.close()

    def request(self, number: int, model: str) -> bytes:
        body = json.dumps({
            "model": model, "stream": True, "user": str(number),
            "messages": [{"role": "user", "content": "talk"}],
        }).encode()
        return (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            f"authorization: Bearer {self.key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body

    def check(self, reply: bytes, to_program: bool) -> None:
        head, _, body = reply.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(f"{reply!r}")
        lines = [line for line in joined(body).splitlines() if line.startswith("data: ")]
        if not lines or lines[-1] != "data: [DONE]" or lines.count(lines[-1]) != 1:
            raise AssertionError(f"a stream without one clean end: {body}")
        documents = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
        deltas = [d["choices"][0]["delta"] for d in documents if d["choices"]]
        text = "".join(delta.get("content") or "" for delta in deltas)
        expected = "\n".join(["word"] * PROGRAM_WORDS) if to_program else self.text
        if text != expected:
            raise AssertionError(f"{text!r} instead of {expected!r}")


def joined(chunked: bytes) -> str:
    """The body without the framing of HTTP chunks."""
    body = b""
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        chunked = rest[length + 2:]
        if length == 0:
            return body.decode()
    raise AssertionError(f"a chunked body without its end: {body!r}")
