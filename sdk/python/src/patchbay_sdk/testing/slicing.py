"""Every way to cut some bytes, or as many as are worth the time."""

from __future__ import annotations

from collections.abc import Iterator

ALL_PAIRS_BYTES = 200
"""Up to here all pairs of cuts are tried."""
ALL_CUTS_BYTES = 4096
"""Up to here all single cuts are tried."""
RANDOM_SLICINGS = 64
"""Slicings tried beyond that, always the same ones."""

_WORD = (1 << 64) - 1


def every_cut(data: bytes) -> Iterator[list[bytes]]:
    """The same bytes cut in many ways.

    Whole, byte by byte, at every point, at every pair of points up to 200 bytes, and above that
    at seeded random points.

    >>> len(list(every_cut(b"abc")))
    12
    """
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    if len(data) <= ALL_CUTS_BYTES:
        for cut in range(len(data) + 1):
            yield [data[:cut], data[cut:]]
    if len(data) <= ALL_PAIRS_BYTES:
        for second in range(len(data) + 1):
            for first in range(second):
                yield [data[:first], data[first:second], data[second:]]
    else:
        for seed in range(RANDOM_SLICINGS):
            yield _random_pieces(data, seed)


def _random_pieces(data: bytes, seed: int) -> list[bytes]:
    """Pieces of 1 to 64 or 1 to 4096 bytes, by turns."""
    longest = 4096 if seed % 2 else 64
    numbers = _split_mix(seed)
    pieces, at = [], 0
    while at < len(data):
        length = next(numbers) % longest + 1
        pieces.append(data[at : at + length])
        at += length
    return pieces


def _split_mix(state: int) -> Iterator[int]:
    """SplitMix64 (Steele, Lea and Flood, 2014)."""
    while True:
        state = (state + 0x9E37_79B9_7F4A_7C15) & _WORD
        mixed = state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB) & _WORD
        yield mixed ^ (mixed >> 31)
