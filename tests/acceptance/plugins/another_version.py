"""Writes a component again with another version in its manifest: a release without a build.

Usage: another_version.py FILE VERSION INTO
"""

import json
import pathlib
import sys

SECTION = b"patchbay:manifest"


def number(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def leb(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def main(file: str, version: str, into: str) -> None:
    data = pathlib.Path(file).read_bytes()
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        size, content = number(data, at + 1)
        end = content + size
        section = data[at:end]
        length, name = number(data, content)
        if data[at] == 0 and data[name : name + length] == SECTION:
            manifest = json.loads(data[name + length : end]) | {"version": version}
            label = leb(len(SECTION)) + SECTION
            payload = label + json.dumps(manifest, ensure_ascii=False).encode()
            section = b"\0" + leb(len(payload)) + payload
        out += section
        at = end
    pathlib.Path(into).write_bytes(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
