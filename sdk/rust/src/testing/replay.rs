//! A recorded reply, decoded again.

use std::mem;

use serde_json::Value;

use super::slicing::every_cut;
use crate::bindings::egress::ReplyIdentity;
use crate::bindings::types::{Call, ResponseHead};
use crate::failure::Failure;
use crate::normalizer::{Decoder, Document, Ending, Normalizer};

/// One recorded reply to one call, to be decoded as the host would.
#[derive(Clone, Debug)]
pub struct Replay {
    call: Call,
    identity: ReplyIdentity,
    head: ResponseHead,
    text: Text,
}

/// How the texts of a stream are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    /// Document by document.
    AsSent,
    /// After joining neighbours that differ in nothing but their text.
    Joined,
}

impl Replay {
    /// A reply with status 200 and no header.
    #[must_use]
    pub fn new(call: Call) -> Self {
        Self { call, identity: super::identity(), head: ResponseHead::new(200), text: Text::AsSent }
    }

    /// Replaces the reply's head.
    #[must_use]
    pub fn with_head(mut self, head: ResponseHead) -> Self {
        self.head = head;
        self
    }

    /// What `encode` returned for the decoder.
    #[must_use]
    pub fn with_extra(mut self, extra: Vec<(String, String)>) -> Self {
        self.identity.extra = extra;
        self
    }

    /// Joins neighbouring chunks that differ in nothing but their text: for a dialect without
    /// frames of its own, where every read is a chunk.
    #[must_use]
    pub fn joining_text(mut self) -> Self {
        self.text = Text::Joined;
        self
    }

    /// Decodes the reply from pieces.
    ///
    /// # Errors
    /// The decoder's own.
    ///
    /// # Panics
    /// If a document is not a JSON object, or their number is not what the contract says.
    pub fn decode<N: Normalizer>(
        &self,
        pieces: &[&[u8]],
        ending: Ending,
    ) -> Result<Vec<Value>, Failure> {
        let (call, identity) = (self.call.clone(), self.identity.clone());
        let mut decoder = N::Decoder::new(call, identity, self.head.clone());
        let mut documents = Vec::new();
        for piece in pieces {
            let pushed = decoder.push(piece)?;
            let early = !self.call.streaming && !pushed.is_empty();
            assert!(!early, "documents before the end of a reply that is not streamed");
            documents.extend(pushed);
        }
        documents.extend(decoder.finish(ending)?);
        let many = self.call.streaming || documents.len() == 1;
        assert!(many, "{} documents for one reply", documents.len());
        let values = documents.iter().map(read).collect();
        Ok(match self.text {
            Text::AsSent => values,
            Text::Joined => join_text(values),
        })
    }

    /// Decodes the reply in one piece and cut in every way ([`every_cut`]), and returns the
    /// documents.
    ///
    /// # Errors
    /// The decoder's own, if it is the same for every slicing.
    ///
    /// # Panics
    /// If a slicing gives another result.
    pub fn at_every_slicing<N: Normalizer>(&self, body: &[u8]) -> Result<Vec<Value>, Failure> {
        let whole = self.decode::<N>(&[body], Ending::Clean);
        every_cut(body, |pieces| {
            let cut = self.decode::<N>(pieces, Ending::Clean);
            let lengths = || pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>();
            assert!(
                cut == whole,
                "cut into pieces of {:?} bytes the reply gives {cut:#?}, whole it gives {whole:#?}",
                lengths()
            );
        });
        whole
    }

    /// Breaks the reply off at every byte: each time it has to fail, or to be whole already.
    ///
    /// # Panics
    /// If a part of the reply is taken for an answer.
    pub fn at_every_truncation<N: Normalizer>(&self, body: &[u8]) {
        let whole = self.decode::<N>(&[body], Ending::Clean);
        for end in 0..body.len() {
            let (part, _) = body.split_at(end);
            let cut = self.decode::<N>(&[part], Ending::Broken);
            assert!(
                cut.is_err() || cut == whole,
                "broken off after {end} bytes the reply is taken for an answer: {cut:#?}"
            );
        }
    }
}

fn read(document: &Document) -> Value {
    let value = serde_json::from_slice(document).unwrap_or(Value::Null);
    let text = String::from_utf8_lossy(document);
    assert!(value.is_object(), "a document is not a JSON object: {text}");
    value
}

fn join_text(documents: Vec<Value>) -> Vec<Value> {
    let mut joined: Vec<Value> = Vec::new();
    for mut document in documents {
        if let Some(last) = joined.last_mut()
            && let Some((before, after)) = texts(last).zip(texts(&mut document))
        {
            let (before, after) = (mem::take(before), mem::take(after));
            let same = *last == document;
            if let (Some(text), true) = (texts(last), same) {
                *text = before + &after;
                continue;
            }
            if let Some((first, second)) = texts(last).zip(texts(&mut document)) {
                (*first, *second) = (before, after);
            }
        }
        joined.push(document);
    }
    joined
}

/// The text of a chunk whose delta has nothing else.
fn texts(document: &mut Value) -> Option<&mut String> {
    let delta = document.pointer_mut("/choices/0/delta")?.as_object_mut()?;
    if delta.len() != 1 {
        return None;
    }
    match delta.get_mut("content")? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::bindings::egress::ExchangePlan;
    use crate::bindings::types::RequestHead;
    use crate::reply::{ChatReply, FinishReason};
    use crate::testing;

    /// Sends what it reads as text, and believes every end.
    struct Naive;

    struct NaiveDecoder(ChatReply);

    impl Normalizer for Naive {
        type Decoder = NaiveDecoder;

        fn plan(_: &Call) -> Result<ExchangePlan, Failure> {
            Ok(ExchangePlan::rewritten(RequestHead::post("/")))
        }
    }

    impl Decoder for NaiveDecoder {
        fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
            Self(ChatReply::new(call, identity))
        }

        fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
            Ok(vec![self.0.text(String::from_utf8_lossy(chunk))])
        }

        fn finish(self, _: Ending) -> Result<Vec<Document>, Failure> {
            Ok(vec![self.0.finish(FinishReason::Stop)])
        }
    }

    fn stream() -> Replay {
        Replay::new(testing::chat_stream("m"))
    }

    #[test]
    fn a_decoder_that_minds_the_slicing_is_caught() {
        let caught = catch_unwind(|| stream().at_every_slicing::<Naive>(b"ab"));
        assert!(caught.is_err());
        let caught =
            catch_unwind(|| stream().joining_text().at_every_slicing::<Naive>("é".as_bytes()));
        assert!(caught.is_err());
    }

    #[test]
    fn joined_texts_are_one_whatever_the_slicing() {
        let documents = stream().joining_text().at_every_slicing::<Naive>(b"abc").unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0]["choices"][0]["delta"]["content"], "abc");
    }

    #[test]
    fn a_decoder_that_believes_every_end_is_caught() {
        let caught = catch_unwind(|| stream().at_every_truncation::<Naive>(b"ab"));
        assert!(caught.is_err());
    }

    #[test]
    fn a_reply_that_is_not_streamed_is_one_document() {
        let replay = Replay::new(testing::chat("m"));
        let caught = catch_unwind(|| replay.decode::<Naive>(&[b"a"], Ending::Clean));
        assert!(caught.is_err());
    }
}
