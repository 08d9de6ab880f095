//! Content blocks that canonical has no form for, and the way back to their places.
//!
//! Canonical keeps text, calls and reasoning of a message apart; the dialect has them in one list,
//! and wants reasoning back where it was. So reasoning and further blocks remember their index in
//! that list, and text and calls fill the gaps.

use patchbay_sdk::canonical::RawJson;
use serde::{Deserialize, Serialize};

/// Member of canonical assistant messages and deltas: content blocks that canonical has no form
/// for, such as those of the provider's own tools, so that they can be given back.
pub(crate) const BLOCKS: &str = "anthropic_blocks";

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PlacedBlock {
    /// Its place among the content blocks of its message.
    pub(crate) index: u32,
    /// As the provider sent it.
    pub(crate) block: RawJson,
}

/// One list: what has a place is put there, as far as there is enough to fill the gaps before it.
pub(crate) fn arrange<T>(mut placed: Vec<(u32, T)>, others: Vec<T>) -> Vec<T> {
    // Stable: pieces with the same place keep their order.
    placed.sort_by_key(|(place, _)| *place);
    let mut others = others.into_iter();
    let mut list = Vec::with_capacity(placed.len() + others.len());
    for (place, piece) in placed {
        let gap = (place as usize).saturating_sub(list.len());
        list.extend(others.by_ref().take(gap));
        list.push(piece);
    }
    list.extend(others);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [(u32, &'static str)], &'static [&'static str], &'static str);

    #[test]
    fn pieces_stand_where_they_were_and_others_fill_the_gaps() {
        let cases: [Case; 5] = [
            (&[(0, "t"), (2, "u")], &["a", "b"], "taub"),
            (&[(2, "u"), (0, "t")], &["a", "b"], "taub"),
            (&[(0, "t"), (0, "u")], &["a"], "tua"),
            (&[(9, "t")], &["a"], "at"),
            (&[], &["a", "b"], "ab"),
        ];
        for (placed, others, expected) in cases {
            assert_eq!(arrange(placed.to_vec(), others.to_vec()).concat(), expected);
        }
    }
}
