//! Decoding a recorded reply at several slicings.

use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange::{
    Call, EgressDialect, Ending, Extra, Failure, ReplyIdentity, RequestId, ResponseHead,
};
use serde_json::{Map, Value};

use super::run::{failure, json};
use super::{Mismatch, compare};

/// Sizes of the pieces, in turn: characters, frames and messages of two bytes are cut anywhere.
const SLICINGS: [(&str, &[usize]); 5] = [
    ("", &[usize::MAX]),
    (" byte by byte", &[1]),
    (" in pieces of 2 and 3 bytes", &[2, 3]),
    (" in pieces of 7 bytes", &[7]),
    (" in pieces of 1, 64 and 5 bytes", &[1, 64, 5]),
];

/// A reply to be decoded.
pub(super) struct Recorded<'a> {
    pub(super) call: Call,
    pub(super) head: ResponseHead,
    pub(super) body: Bytes,
    pub(super) ending: Ending,
    pub(super) extra: Extra,
    pub(super) whole_only: bool,
    pub(super) dialect: &'a dyn EgressDialect,
}

impl Recorded<'_> {
    /// Decodes it at each slicing and compares each time.
    ///
    /// # Errors
    /// The first difference, with the slicing.
    pub(super) async fn compare(
        &self,
        expected: &Map<String, Value>,
        until: Instant,
    ) -> Result<(), Mismatch> {
        let slicings = if self.whole_only { 1 } else { SLICINGS.len() };
        for (how, sizes) in SLICINGS.into_iter().take(slicings) {
            let answer = self.decode(sizes, until).await?;
            compare::expect(expected, &answer, how)?;
        }
        Ok(())
    }

    /// # Errors
    /// If the time is over.
    pub(super) async fn decode(
        &self,
        sizes: &[usize],
        until: Instant,
    ) -> Result<Map<String, Value>, Mismatch> {
        let mut documents = Vec::new();
        let outcome = self.documents(sizes, until, &mut documents).await;
        let mut answer = Map::new();
        if let Err(Stop::NoTime) = outcome {
            return Err(Mismatch::NoTime(Duration::ZERO));
        }
        if let Err(Stop::Failed(told)) = outcome {
            answer.insert("failure".into(), failure(&told));
        }
        answer.insert("documents".into(), documents.iter().map(|it| json(it)).collect());
        Ok(answer)
    }

    async fn documents(
        &self,
        sizes: &[usize],
        until: Instant,
        documents: &mut Vec<Bytes>,
    ) -> Result<(), Stop> {
        let request = RequestId::parse("self-test").ok_or(Stop::NoTime)?;
        let mut exchange = self.dialect.open(self.call.clone(), request);
        let identity = ReplyIdentity {
            id: "chatcmpl-selftest".into(),
            created: 1_700_000_000,
            extra: self.extra.clone(),
        };
        exchange.begin(identity, &self.head).await?;
        let mut rest = self.body.clone();
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            if Instant::now() >= until {
                return Err(Stop::NoTime);
            }
            let size = sizes.next().copied().unwrap_or(usize::MAX).min(rest.len());
            documents.extend(exchange.push(rest.split_to(size)).await?);
        }
        documents.extend(exchange.finish(self.ending).await?);
        Ok(())
    }
}

enum Stop {
    NoTime,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
