//! An answer out of tokens: without control tokens, without the stop text, with log
//! probabilities where they are wanted.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::RawJson;
use patchbay_sdk::reply::{FinishReason, ReplyWriter};
use serde::Serialize;

use crate::event::{End, Token};
use crate::stop_tail::StopTail;

/// What the tokens so far have come to.
pub(crate) struct Answer {
    tail: StopTail,
    logprobs: Option<Logprobs>,
}

/// Log probabilities of tokens whose text is held back, and of those whose text is certain.
#[derive(Default)]
struct Logprobs {
    held: Vec<TokenLogprob>,
    certain: Vec<TokenLogprob>,
}

#[derive(Serialize)]
struct TokenLogprob {
    #[serde(flatten)]
    token: TopLogprob,
    top_logprobs: Vec<TopLogprob>,
}

#[derive(Serialize)]
struct TopLogprob {
    token: String,
    logprob: RawJson,
    bytes: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct Content<'a> {
    content: &'a [TokenLogprob],
}

impl Answer {
    pub(crate) fn new(stops: Vec<String>, wants_logprobs: bool) -> Self {
        let logprobs = wants_logprobs.then(Logprobs::default);
        Self { tail: StopTail::new(stops), logprobs }
    }

    /// Takes a token and returns the text that is certain now.
    pub(crate) fn token(&mut self, token: &Token<'_>, others: &[Token<'_>]) -> String {
        if token.special == Some(true) {
            return String::new();
        }
        let text = self.tail.push(&token.text.0);
        if let Some(logprobs) = &mut self.logprobs {
            let top_logprobs = others.iter().map(TopLogprob::new).collect();
            logprobs.held.push(TokenLogprob { token: TopLogprob::new(token), top_logprobs });
            if self.tail.is_empty() {
                logprobs.certain.append(&mut logprobs.held);
            }
        }
        text
    }

    /// Ends the answer and returns what is left of its text.
    pub(crate) fn finish(&mut self, stopped: bool) -> String {
        let text = self.tail.finish(stopped);
        if let Some(logprobs) = self.logprobs.as_mut().filter(|_| !stopped) {
            logprobs.certain.append(&mut logprobs.held);
        }
        text
    }

    /// A whole text, without the stop text that ended it.
    pub(crate) fn whole<'a>(&self, text: &'a str, stopped: bool) -> &'a str {
        if stopped { self.tail.cut(text) } else { text }
    }

    /// Whether log probabilities are wanted.
    pub(crate) fn wants_logprobs(&self) -> bool {
        self.logprobs.is_some()
    }

    /// Writes the log probabilities of the text that was certain since the last time.
    pub(crate) fn tell_logprobs(&mut self, reply: &mut ReplyWriter) -> Result<(), Failure> {
        let Some(logprobs) = self.logprobs.as_mut().filter(|all| !all.certain.is_empty()) else {
            return Ok(());
        };
        let content = RawJson::of(&Content { content: &logprobs.certain });
        logprobs.certain.clear();
        reply.logprobs(content.map_err(|problem| Failure::upstream(problem.message))?);
        Ok(())
    }
}

/// Writes how the answer ended.
pub(crate) fn tell_end(end: End, reply: &mut ReplyWriter) {
    reply.finish_reason(end.reason.unwrap_or(FinishReason::Stop));
    if let Some(tokens) = end.tokens {
        reply.usage(tokens);
    }
}

impl TopLogprob {
    fn new(token: &Token<'_>) -> Self {
        let text = token.text.0.as_ref();
        let logprob = token.logprob.map(|number| number.get()).filter(|text| *text != "null");
        // As OpenAI writes what is too unlikely to be counted.
        let logprob = RawJson::from_text(logprob.unwrap_or("-9999.0")).unwrap_or_default();
        // A piece of a character comes as U+FFFD, of which the bytes are not known.
        let bytes = (!text.contains(char::REPLACEMENT_CHARACTER)).then(|| text.as_bytes().to_vec());
        Self { token: text.to_owned(), logprob, bytes }
    }
}
