"""What every mock vendor answers: the scenarios, told without any vendor's wire form.

A scenario is chosen by what the last user text says. A mock reads its own form into an `Ask`,
gets a `Turn`, and writes it in its own form. The clients of the acceptance know the same
constants and expect them back, however the reply travelled.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import struct
import zlib

HELLO = "Hello, Grüße 😀 from the upstream."
THOUGHT = "Two and two: 2 + 2 = 4, so “vier”."
THOUGHTFUL = "The answer is 4."
WENT_ON = "We go on from what was thought."
IMAGE = "The image is a red square."
LENGTHY = "This text is cut by its"
REFUSED = "I can't help with that."
FOUND = "It is 21 degrees in Zürich."
FOUND_BOTH = "It is 21 degrees in Zürich at half past nine."
WEATHER = ("get_weather", {"city": "Zürich", "days": 3})
TIME = ("get_time", {})
RESULTS = {"get_weather": "21 degrees", "get_time": "half past nine"}
INPUT_TOKENS, OUTPUT_TOKENS, CACHED_TOKENS, THOUGHT_TOKENS = 21, 13, 5, 4
# Longer than the gateway waits by itself before it tries again: the caller is told.
RETRY_AFTER = 3
SECRET = b"the vendor's own"


@dataclasses.dataclass
class Ask:
    """What a vendor understood of a request."""
    text: str
    images: list = dataclasses.field(default_factory=list)    # (media type, bytes)
    results: list = dataclasses.field(default_factory=list)   # (name, text), at the very end
    tools: dict = dataclasses.field(default_factory=dict)     # name to parameter schema
    thinks: bool = False                                      # reasoning was asked for
    streams: bool = False


@dataclasses.dataclass
class Turn:
    """What the model says."""
    text: str = ""
    thought: str = ""
    calls: list = dataclasses.field(default_factory=list)     # (name, arguments)
    stop: str = "end"                                         # end, tools, length, refusal
    breaks_off: bool = False


class Trouble(Exception):
    """The vendor is in trouble by itself: `kind` is rate-limited, overloaded or too-long."""

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


class Broken(Exception):
    """The request lost something that the sender was given or had."""


def play(ask: Ask) -> Turn:
    """The next turn of the conversation."""
    if ask.results:
        return after_tools(ask)
    text = ask.text
    if "rate limited" in text:
        raise Trouble("rate-limited")
    if "overloaded" in text:
        raise Trouble("overloaded")
    if "too long" in text:
        raise Trouble("too-long")
    thought = THOUGHT if ask.thinks else ""
    if "weather tool" in text or "two tools" in text:
        calls = [WEATHER, TIME] if "two tools" in text else [WEATHER]
        check_tools(ask, calls)
        return Turn(thought=thought, calls=calls, stop="tools")
    if "image" in text:
        check_images(ask)
        return Turn(IMAGE, thought)
    if "think" in text:
        return Turn(THOUGHTFUL, thought)
    if "go on" in text:
        return Turn(WENT_ON)
    if "run out" in text:
        return Turn(LENGTHY, stop="length")
    if "refuse" in text:
        return Turn(REFUSED, stop="refusal")
    return Turn(HELLO, thought, breaks_off="break off" in text)


def after_tools(ask: Ask) -> Turn:
    names = sorted(name for name, _ in ask.results)
    if names not in (["get_weather"], ["get_time", "get_weather"]):
        raise Broken(f"results of {names}")
    for name, text in ask.results:
        if RESULTS[name] not in text:
            raise Broken(f"the result of {name} is {text!r} without {RESULTS[name]!r}")
    return Turn(FOUND if len(names) == 1 else FOUND_BOTH)


def check_tools(ask: Ask, calls) -> None:
    for name, arguments in calls:
        if name not in ask.tools:
            raise Broken(f"the tool {name} is not among {sorted(ask.tools)}")
        properties = (ask.tools[name] or {}).get("properties") or {}
        if set(properties) != set(arguments):
            raise Broken(f"the tool {name} has the parameters {sorted(properties)}")
    schema = ask.tools["get_weather"]
    kinds = {name: str(p.get("type")).lower() for name, p in schema["properties"].items()}
    if kinds != {"city": "string", "days": "integer"} or schema.get("required") != ["city"]:
        raise Broken(f"the schema of get_weather is {schema}")


def check_call(name, arguments) -> None:
    """A call that comes back in the history is as it was given."""
    given = dict([WEATHER, TIME])
    if name not in given:
        raise Broken(f"a call of the tool {name!r}, which was never called")
    if json.dumps(arguments, sort_keys=True) != json.dumps(given[name], sort_keys=True):
        raise Broken(f"the call of {name} comes back with {arguments!r}")


def check_images(ask: Ask) -> None:
    if not ask.images:
        raise Broken("there is no image beside the last user text")
    for media_type, content in ask.images:
        if media_type not in ("image/png", None) or content != PNG:
            raise Broken(f"the image is {media_type}, {len(content)} bytes, not the PNG as sent")


def decoded(text) -> bytes:
    """Base64 as vendors take it: whole, padded, of the standard alphabet."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as problem:
        raise Broken(f"base64: {problem}") from problem


def signature(*parts) -> str:
    """A vendor's proof that what comes back is its own."""
    message = json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()
    return base64.b64encode(hmac.new(SECRET, message, hashlib.sha256).digest()).decode()


def words(text) -> list:
    """The text in the pieces a stream gives it in."""
    return [w + " " for w in text.split(" ")[:-1]] + text.split(" ")[-1:]


def fragments(arguments) -> list:
    """Arguments of a call in pieces; the first is empty, as with real vendors."""
    text = json.dumps(arguments, ensure_ascii=False)
    return [""] + [text[i:i + 9] for i in range(0, len(text), 9)]


def vector(text, dimensions=8) -> list:
    """The embedding of a text: numbers that a 32-bit float holds exactly."""
    digest = hashlib.sha256(text.encode()).digest()
    return [(digest[i % 32] - 128) / 64 for i in range(dimensions)]


def _png() -> bytes:
    """A red square of four pixels."""
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + b"\xff\0\0" * 2 for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


PNG = _png()
