//! What a passage costs, and what it costs over another.

use crate::figures::{Saturation, micros};
use crate::replies::STREAM_CHUNKS;

/// Processor time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// Of a request that is answered in one piece.
    pub(super) unary: f64,
    /// Of a chunk: the stream's share beyond that, by the number of chunks of a verbatim stream,
    /// which has the same pieces of text as the others.
    pub(super) chunk: f64,
}

impl Cost {
    /// From what the two shapes of a passage showed; none where no processor time was read.
    pub(super) fn of(unary: &Saturation, stream: &Saturation) -> Option<Self> {
        let (unary, stream) = (micros(unary.processor?), micros(stream.processor?));
        Some(Self { unary, chunk: (stream - unary) / STREAM_CHUNKS as f64 })
    }

    /// What it is more than another; negative if it is less.
    pub(super) fn over(self, other: Self) -> Self {
        Self { unary: self.unary - other.unary, chunk: self.chunk - other.chunk }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn saturation(us: u64) -> Saturation {
        Saturation {
            processor: Some(Duration::from_micros(us)),
            busy: Some(1.0),
            requests_per_second: 1e6 / us as f64,
        }
    }

    fn near(cost: Cost, unary: f64, chunk: f64) {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(cost.unary, unary) && close(cost.chunk, chunk), "{cost:?}");
    }

    #[test]
    fn a_chunk_costs_the_hundredth_of_what_a_stream_costs_beyond_a_unary_request() {
        near(Cost::of(&saturation(50), &saturation(750)).unwrap(), 50.0, 7.0);
    }

    #[test]
    fn without_processor_time_there_is_no_cost() {
        let unread = Saturation { processor: None, ..saturation(50) };
        assert_eq!(Cost::of(&unread, &saturation(750)), None);
        assert_eq!(Cost::of(&saturation(50), &unread), None);
    }

    #[test]
    fn what_is_cheaper_than_verbatim_is_negative() {
        let verbatim = Cost { unary: 50.0, chunk: 7.0 };
        near(Cost { unary: 110.0, chunk: 6.5 }.over(verbatim), 60.0, -0.5);
    }
}
