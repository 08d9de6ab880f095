/** Every way to cut some bytes, or as many as are worth the time. */

/** Up to here all pairs of cuts are tried. */
const ALL_PAIRS_BYTES = 200;
/** Up to here all single cuts are tried. */
const ALL_CUTS_BYTES = 4096;
/** Slicings tried beyond that, always the same ones. */
const RANDOM_SLICINGS = 64;

/**
 * Calls `check` with the same bytes cut in many ways: whole, byte by byte, at every point up to
 * 4 KiB, at every pair of points up to 200 bytes, and beyond that at seeded random points.
 */
export function everyCut(bytes: Uint8Array, check: (pieces: Uint8Array[]) => void): void {
  check([bytes]);
  check(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
  if (bytes.length <= ALL_CUTS_BYTES) {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      check([bytes.subarray(0, cut), bytes.subarray(cut)]);
    }
  }
  if (bytes.length > ALL_PAIRS_BYTES) {
    for (let seed = 0; seed < RANDOM_SLICINGS; seed += 1) {
      check(randomPieces(bytes, seed));
    }
    return;
  }
  for (let second = 0; second <= bytes.length; second += 1) {
    for (let first = 0; first < second; first += 1) {
      check([bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]);
    }
  }
}

/** Pieces of 1 to 64 or 1 to 4096 bytes, by turns. */
function randomPieces(bytes: Uint8Array, seed: number): Uint8Array[] {
  const longest = seed % 2 === 0 ? 64 : 4096;
  const next = mulberry32(seed);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = (next() % longest) + 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** Seeded random numbers of 32 bits (Tommy Ettinger, 2017). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
