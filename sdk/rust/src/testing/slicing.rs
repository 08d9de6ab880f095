//! Every way to cut some bytes, or as many as are worth the time.

/// Up to here all pairs of cuts are tried.
const ALL_PAIRS_BYTES: usize = 200;
/// Up to here all single cuts are tried.
const ALL_CUTS_BYTES: usize = 4096;
/// Slicings tried beyond that, always the same ones.
const RANDOM_SLICINGS: u64 = 64;

/// Calls `check` with the same bytes cut in many ways: whole, byte by byte, at every point, at
/// every pair of points up to 200 bytes, and above 4 KiB at seeded random points.
///
/// ```
/// let mut seen = 0;
/// patchbay_sdk::testing::every_cut(b"abc", |pieces| {
///     assert_eq!(pieces.concat(), b"abc");
///     seen += 1;
/// });
/// assert_eq!(seen, 1 + 1 + 4 + 6);
/// ```
pub fn every_cut(bytes: &[u8], mut check: impl FnMut(&[&[u8]])) {
    check(&[bytes]);
    let singles: Vec<&[u8]> = bytes.chunks(1).collect();
    check(&singles);
    if bytes.len() <= ALL_CUTS_BYTES {
        for cut in 0..=bytes.len() {
            let (start, end) = bytes.split_at(cut);
            check(&[start, end]);
        }
    }
    if bytes.len() <= ALL_PAIRS_BYTES {
        for second in 0..=bytes.len() {
            let (before, end) = bytes.split_at(second);
            for first in 0..second {
                let (start, middle) = before.split_at(first);
                check(&[start, middle, end]);
            }
        }
    } else {
        for seed in 0..RANDOM_SLICINGS {
            check(&random_pieces(bytes, seed));
        }
    }
}

/// Pieces of 1 to 64 or 1 to 4096 bytes, by turns.
fn random_pieces(mut bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let longest = if seed.is_multiple_of(2) { 64 } else { 4096 };
    let mut state = seed;
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let length = next(&mut state) % longest + 1;
        let length = usize::try_from(length).map_or(1, |length| length.min(bytes.len()));
        let (piece, rest) = bytes.split_at(length);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bytes_are_cut_at_seeded_random_points() {
        let bytes: Vec<u8> = (0..10_000).map(|n| (n % 251) as u8).collect();
        let mut slicings = Vec::new();
        every_cut(&bytes, |pieces| {
            assert_eq!(pieces.concat(), bytes);
            slicings.push(pieces.len());
        });
        assert_eq!(slicings.len(), 2 + 64);
        let mut again = Vec::new();
        every_cut(&bytes, |pieces| again.push(pieces.len()));
        assert_eq!(slicings, again);
    }
}
