//! One exchange of a caller with a provider, with the plugins between them.

use std::fmt;

use patchbay_sdk::{CallerFailure, Decoded, Encoded, Ending, Failure, FailureKind};
use serde_json::Value;

use crate::caller::{Answer, Caller, Question, events};
use crate::callers;
use crate::provider::Provider;
use crate::providers;

/// A caller and a provider.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) caller: &'static dyn Caller,
    pub(crate) provider: &'static dyn Provider,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.caller.name(), self.provider.name())
    }
}

/// Every caller with every provider.
pub(crate) fn pairs() -> impl Iterator<Item = Pair> {
    callers::ALL.into_iter().flat_map(|caller| {
        providers::ALL.into_iter().map(move |provider| Pair { caller, provider })
    })
}

/// A request on its way to a provider.
pub(crate) struct Asked {
    pub(crate) decoded: Decoded,
    pub(crate) result: Result<Encoded, Failure>,
}

impl Asked {
    /// The provider's body; null if the request was refused.
    pub(crate) fn body(&self) -> Value {
        let Ok(encoded) = &self.result else { return Value::Null };
        serde_json::from_slice(&encoded.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&encoded.body).into())
    }

    /// What was named to the caller: dropped members, or the refused one.
    pub(crate) fn named(&self) -> Vec<String> {
        match &self.result {
            Ok(encoded) => encoded.dropped.clone(),
            Err(failure) => failure.param().map(str::to_owned).into_iter().collect(),
        }
    }
}

/// How reply bytes are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PieceBytes(pub(crate) usize);

/// Odd enough that every event and character is cut somewhere, and whole.
pub(crate) const SLICINGS: [PieceBytes; 3] = [PieceBytes(usize::MAX), PieceBytes(7), PieceBytes(1)];

impl Pair {
    /// Sends a question.
    pub(crate) fn ask(&self, question: &Question) -> Asked {
        let request = self.caller.request(question);
        let decoded = self.caller.decode(&request);
        assert!(decoded.is_ok(), "{self}: a good request is refused: {decoded:?}");
        let (decoded, canonical) = decoded.expect("looked at above");
        assert_eq!(decoded.streaming, question.streaming, "{self}");
        let call = self.provider.call(question.streaming);
        let result = (self.provider.dialect().encode)(&call, canonical);
        Asked { decoded, result }
    }

    /// What the caller gets of some bytes of a reply.
    pub(crate) fn receive(
        &self,
        asked: &Asked,
        reply: &[u8],
        (slicing, ending): (PieceBytes, Ending),
    ) -> Received {
        let streaming = asked.decoded.streaming;
        let call = self.provider.call(streaming);
        let extra = asked.result.as_ref().map(|it| it.extra.clone()).unwrap_or_default();
        let pieces: Vec<&[u8]> = reply.chunks(slicing.0).collect();
        let decoded = (self.provider.dialect().decode)(&call, extra, &pieces, ending);
        let failure = decoded.end.err();
        // A failure before the first document, or instead of the only one, is an answer by itself.
        if let (Some(failure), true) = (&failure, decoded.documents.is_empty() || !streaming) {
            let error = self.caller.fail(&told(failure));
            let answer = self.caller.read_whole(&error);
            return Received { answer, failure: Some(failure.clone()) };
        }
        let told = failure.as_ref().map(told);
        let bytes = self.caller.reply(&asked.decoded, &decoded.documents, told);
        assert!(bytes.is_ok(), "{self}: the reply cannot be written: {bytes:?}");
        let bytes = bytes.expect("looked at above");
        let answer = match streaming {
            true => self.caller.read_stream(&events(&bytes)),
            false => {
                let reply = serde_json::from_slice(&bytes).expect("a reply is JSON");
                self.caller.read_whole(&reply)
            }
        };
        Received { answer, failure }
    }
}

/// What came of a reply.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) answer: Answer,
    pub(crate) failure: Option<Failure>,
}

/// A provider's failure in the host's words.
fn told(failure: &Failure) -> CallerFailure {
    let kind = failure.kind();
    CallerFailure {
        kind: kind.as_str().to_owned(),
        message: failure.message().to_owned(),
        error_type: match kind {
            FailureKind::InvalidRequest => "invalid_request_error".to_owned(),
            _ => "upstream_error".to_owned(),
        },
        ..CallerFailure::default()
    }
}
