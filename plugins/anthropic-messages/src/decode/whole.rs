//! A reply in one piece: a message, or a count of tokens.

use patchbay_sdk::reply::token_count;
use patchbay_sdk::{Call, Document, Ending, Failure, ReplyIdentity};
use serde::Deserialize;

use super::blocks::Blocks;
use super::events::Message;
use super::usage::Counts;
use crate::explain;

/// Collects the body.
pub(super) struct WholeDecoder {
    call: Call,
    identity: ReplyIdentity,
    body: Vec<u8>,
}

impl WholeDecoder {
    pub(super) fn new(call: Call, identity: ReplyIdentity) -> Self {
        Self { call, identity, body: Vec::new() }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.body.extend_from_slice(chunk);
    }

    pub(super) fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        if ending == Ending::Broken {
            return Err(Failure::truncated("the provider's reply broke off"));
        }
        if self.call.operation == "count-tokens" {
            return count(&self.body);
        }
        let message: Message<'_> =
            serde_json::from_slice(&self.body).map_err(|_| not_an_answer(&self.body))?;
        let Some(content) = &message.content else { return Err(not_an_answer(&self.body)) };
        let mut blocks = Blocks::new(&self.call, &self.identity);
        blocks.reply.identify(Some(&message.id), Some(&message.model));
        for (index, block) in (0..).zip(content) {
            blocks.begin(index, block)?;
            blocks.end(index);
        }
        blocks.stop(&message.stop_reason, &message.stop_sequence, message.stop_details);
        blocks.settle();
        let mut counts = Counts::default();
        counts.add(message.usage);
        if let Some(usage) = counts.canonical() {
            blocks.reply.usage(usage);
        }
        Ok(blocks.reply.end())
    }
}

fn count(body: &[u8]) -> Result<Vec<Document>, Failure> {
    #[derive(Deserialize)]
    struct Count {
        input_tokens: u64,
    }
    let count: Count = serde_json::from_slice(body).map_err(|_| not_an_answer(body))?;
    Ok(vec![token_count(count.input_tokens)])
}

/// What a body is that is no answer: an error in the clothes of one, or nothing of the dialect.
pub(super) fn not_an_answer(body: &[u8]) -> Failure {
    if let Some(failure) = explain::instead_of_answer(body) {
        return failure;
    }
    let start = body.trim_ascii_start().first();
    Failure::upstream(match start {
        None => "the provider answered with nothing",
        Some(b'<') => "the provider answered with a page of HTML",
        Some(_) => "the provider answered with something that is not of its dialect",
    })
}
