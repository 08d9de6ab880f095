"""Writes a component again with another version in its manifest: a release without a build.

Usage: another_version.py FILE VERSION INTO
"""

import json
import pathlib
import sys

SECTION = b"patchbay:manifest"
CUSTOM, CORE_MODULE, COMPONENT = 0, 1, 4


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


def sections(data: bytes, at: int, end: int):
    """Kind, whole section, and where its content begins and ends."""
    while at < end:
        size, content = number(data, at + 1)
        yield data[at], at, content, content + size
        at = content + size


def manifest_of(data: bytes, at: int, end: int) -> dict | None:
    """The manifest, which toolchains leave inside a core module or put around it."""
    inside = None
    for kind, _, content, after in sections(data, at + 8, end):
        if kind == CUSTOM:
            length, name = number(data, content)
            if data[name : name + length] == SECTION:
                return json.loads(data[name + length : after])
        elif kind in (CORE_MODULE, COMPONENT):
            inside = inside or manifest_of(data, content, after)
    return inside


def main(file: str, version: str, into: str) -> None:
    data = pathlib.Path(file).read_bytes()
    manifest = manifest_of(data, 0, len(data)) | {"version": version}
    out = bytearray(data[:8])
    for kind, at, content, after in sections(data, 8, len(data)):
        length, name = number(data, content) if kind == CUSTOM else (0, 0)
        if data[name : name + length] != SECTION:
            out += data[at:after]
    # The outermost manifest counts.
    payload = leb(len(SECTION)) + SECTION + json.dumps(manifest, ensure_ascii=False).encode()
    pathlib.Path(into).write_bytes(bytes([*out, CUSTOM, *leb(len(payload)), *payload]))


if __name__ == "__main__":
    main(*sys.argv[1:])
