//! The shape of a vector.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use exchange::{Call, HeadProblem, Operation, RequestHead, ResponseHead};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Mismatch;

/// One vector.
#[derive(Deserialize)]
pub(in crate::life) struct Vector {
    /// For messages.
    pub(super) name: Option<String>,
    #[serde(flatten)]
    pub(super) given: Given,
    /// Members of the answer. A recording has none.
    #[serde(default)]
    pub(super) expect: Map<String, Value>,
}

/// The function and its arguments.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Given {
    /// `egress.plan`
    Plan {
        #[serde(default)]
        call: GivenCall,
    },
    /// `egress.encode`
    Encode {
        #[serde(default)]
        call: GivenCall,
        canonical: Value,
    },
    /// `egress.decoder`
    Decode {
        #[serde(default)]
        call: GivenCall,
        #[serde(flatten)]
        reply: GivenReply,
        /// Whether the reply ended properly.
        #[serde(default = "yes")]
        clean: bool,
        /// What `encode` returned.
        #[serde(default)]
        extra: BTreeMap<String, Value>,
        /// Without frames of its own, every read becomes a chunk: only the whole reply is
        /// compared.
        #[serde(default)]
        whole_only: bool,
    },
    /// `egress.explain`
    Explain {
        #[serde(default)]
        call: GivenCall,
        #[serde(flatten)]
        reply: GivenReply,
    },
    /// `http-adapter.prepare`
    Prepare {
        #[serde(default)]
        call: GivenCall,
        #[serde(default)]
        head: GivenHead,
    },
    /// `process-adapter.prepare`
    Process {
        #[serde(default)]
        call: GivenCall,
    },
    /// `ingress.decode`
    IngressDecode {
        #[serde(default)]
        head: GivenHead,
        body: Value,
    },
    /// `ingress.encoder`
    IngressEncode {
        #[serde(default)]
        extra: BTreeMap<String, Value>,
        #[serde(default)]
        streaming: bool,
        documents: Vec<Value>,
    },
}

/// A call; what is not said is a streamed chat without settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GivenCall {
    operation: String,
    model: String,
    streaming: bool,
    settings: Value,
}

/// A request's head.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GivenHead {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

/// A recorded reply.
#[derive(Deserialize)]
pub(super) struct GivenReply {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
}

fn yes() -> bool {
    true
}

impl Default for GivenCall {
    fn default() -> Self {
        Self {
            operation: Operation::Chat.as_str().into(),
            model: "model".into(),
            streaming: true,
            settings: Value::Object(Map::new()),
        }
    }
}

impl Default for GivenHead {
    fn default() -> Self {
        Self { method: "POST".into(), path: "/".into(), headers: BTreeMap::new() }
    }
}

impl GivenCall {
    pub(super) fn call(&self) -> Result<Call, Mismatch> {
        let operation = Operation::ALL.into_iter().find(|it| it.as_str() == self.operation);
        let unknown = || Mismatch::Shape(format!("operation {:?} is not known", self.operation));
        Ok(Call {
            operation: operation.ok_or_else(unknown)?,
            model: self.model.as_str().into(),
            streaming: self.streaming,
            settings: self.settings.to_string().into(),
        })
    }
}

impl GivenHead {
    pub(super) fn head(&self) -> Result<RequestHead, Mismatch> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let head = RequestHead::try_new(&self.method, &self.path, headers.into_iter());
        head.map_err(|problem| shape(&problem))
    }
}

impl GivenReply {
    pub(super) fn head(&self, status: u16) -> Result<ResponseHead, Mismatch> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let head = ResponseHead::try_new(self.status.unwrap_or(status), headers.into_iter());
        head.map_err(|problem| shape(&problem))
    }

    pub(super) fn bytes(&self) -> Result<Bytes, Mismatch> {
        match (&self.body, &self.body_base64) {
            (Some(text), None) => Ok(Bytes::from(text.clone())),
            (None, Some(text)) => {
                let decoded = BASE64_STANDARD.decode(text);
                let bytes = decoded.map_err(|it| Mismatch::Shape(format!("body_base64: {it}")))?;
                Ok(bytes.into())
            }
            (None, None) | (Some(_), Some(_)) => {
                Err(Mismatch::Shape("it has one of body and body_base64".into()))
            }
        }
    }
}

fn shape(problem: &HeadProblem) -> Mismatch {
    Mismatch::Shape(problem.to_string())
}

/// Entries of `extra` as plugins exchange them: names and JSON texts.
pub(super) fn extra(given: &BTreeMap<String, Value>) -> exchange::Extra {
    given.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}
