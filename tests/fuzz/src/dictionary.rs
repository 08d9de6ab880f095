//! Words for the engine to put into inputs: the strings and names in the seeds.

use std::collections::BTreeSet;
use std::fmt::Write as _;

const MAX_WORD_BYTES: usize = 40;
const MAX_WORDS: usize = 1_500;

/// A dictionary in libFuzzer's format, <https://llvm.org/docs/LibFuzzer.html#dictionaries>.
pub fn of(seeds: &[Vec<u8>]) -> String {
    let mut words = BTreeSet::new();
    for seed in seeds {
        let mut rest = String::from_utf8_lossy(seed).into_owned();
        // What stands between two quotation marks; escapes only make other words.
        while let Some((_, after)) = rest.split_once('"') {
            let Some((word, after)) = after.split_once('"') else { break };
            if (2..MAX_WORD_BYTES).contains(&word.len()) && words.len() < MAX_WORDS {
                words.insert(word.to_owned());
            }
            rest = after.to_owned();
        }
    }
    let mut lines = String::new();
    for word in &words {
        lines.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => write!(lines, "\\{}", char::from(byte)),
                b' '..=b'~' => write!(lines, "{}", char::from(byte)),
                _ => write!(lines, "\\x{byte:02X}"),
            }
            .expect("a string takes everything");
        }
        lines.push_str("\"\n");
    }
    lines
}
