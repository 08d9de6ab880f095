"""The outermost layer of a WebAssembly component: names and custom sections.

Enough of the binary format (component-model, `Binary.md`) to see what a plugin imports and
exports, and to put a manifest into it. Bytes that it does not know are a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MANIFEST_SECTION = "patchbay:manifest"
PAGE_BYTES = 65536

_PREAMBLE = b"\0asm\x0d\0\x01\0"
_MODULE_PREAMBLE = b"\0asm\x01\0\0\0"
_CUSTOM, _CORE_MODULE, _COMPONENT, _IMPORTS, _EXPORTS = 0, 1, 4, 10, 11
_MEMORIES = 5
_CORE_SORT = 0
_TYPE_BOUND = 3
_INSTANCE = 5


@dataclass
class Outline:
    """What can be seen from outside."""

    imports: list[str] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    sections: dict[str, bytes] = field(default_factory=dict)
    """Custom sections of the outermost layer."""
    memory_bytes: int = 0
    """Linear memory that an instance starts with."""


def with_section(component: bytes, name: str, data: bytes) -> bytes:
    """The component with one more custom section at its end."""
    named = _sized(name.encode()) + data
    return component + bytes([_CUSTOM]) + _sized(named)


def outline(component: bytes) -> Outline:
    """Reads the outermost layer, and the memories of the modules inside.

    Raises: `ValueError` if it is not a component, or cut off.
    """
    found = Outline()
    for section, data in _sections(component, _PREAMBLE):
        if section == _CUSTOM:
            name = data.name()
            found.sections[name] = data.rest()
        elif section == _IMPORTS:
            for _ in range(data.number()):
                found.imports.append(data.extern_name())
                data.extern_type()
        elif section == _EXPORTS:
            for _ in range(data.number()):
                found.exports.append(data.extern_name())
                data.export_index()
        elif section in (_CORE_MODULE, _COMPONENT):
            found.memory_bytes += _memory_bytes(section, data.rest())
    return found


def _memory_bytes(section: int, inner: bytes) -> int:
    if section == _COMPONENT:
        return outline(inner).memory_bytes
    pages = 0
    for inner_section, data in _sections(inner, _MODULE_PREAMBLE):
        if inner_section == _MEMORIES:
            for _ in range(data.number()):
                has_most = data.byte() & 1
                pages += data.number()
                if has_most:
                    data.number()
    return pages * PAGE_BYTES


class _Reader:
    """Bytes read from start to end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._data)

    def take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise ValueError("the component is cut off")
        self._at += length
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """An unsigned LEB128 number."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def name(self) -> str:
        return self.take(self.number()).decode()

    def extern_name(self) -> str:
        """A kind byte, and a name; kinds above 1 have more behind it."""
        kind = self.byte()
        name = self.name()
        if kind > 1:
            raise ValueError(f"the name {name} is of an unknown kind")
        return name

    def extern_type(self) -> None:
        kind = self.byte()
        if kind in (_CORE_SORT, _TYPE_BOUND):
            # Of types, 1 is a resource without an index.
            if self.byte() == 1:
                return
        elif kind > _INSTANCE:
            raise ValueError("an import is of an unknown kind")
        self.number()

    def export_index(self) -> None:
        if self.byte() == _CORE_SORT:
            self.byte()
        self.number()
        if self.byte() == 1:
            self.extern_type()


def _sections(data: bytes, preamble: bytes) -> Iterator[tuple[int, _Reader]]:
    if not data.startswith(preamble):
        raise ValueError("it is not a WebAssembly component")
    reader = _Reader(data[len(preamble) :])
    while not reader.is_done:
        section = reader.byte()
        yield section, _Reader(reader.take(reader.number()))


def _sized(data: bytes) -> bytes:
    length, size = len(data), bytearray()
    while True:
        length, low = length >> 7, length & 0x7F
        size.append(low | (0x80 if length else 0))
        if not length:
            return bytes(size) + data
