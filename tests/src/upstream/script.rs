//! What the scripted upstream answers, step by step.

use std::io::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::gate::Gate;

/// One scripted reply.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) before_head: Option<Gate>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Sends bytes as one write and one HTTP chunk.
    Send(Bytes),
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Breaks the connection off, without the end that the framing wants.
    Break,
}

/// One event: the data with its field name and blank line.
#[must_use]
pub fn sse(data: &str) -> String {
    format!("data: {data}\n\n")
}

impl Script {
    /// A good reply of one JSON document.
    #[must_use]
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::with_type("application/json", body)
    }

    /// A good reply of another type.
    #[must_use]
    pub fn with_type(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(content_type, vec![Step::Send(body.into())])
    }

    /// An event stream whose pieces are sent as they are, each by itself.
    #[must_use]
    pub fn pieces<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> Self {
        let steps = pieces.into_iter().map(|piece| Step::Send(piece.into()));
        Self::new("text/event-stream", steps.collect())
    }

    /// An event stream: one event for each data, each by itself.
    #[must_use]
    pub fn events<'a>(data: impl IntoIterator<Item = &'a str>) -> Self {
        Self::pieces(data.into_iter().map(sse))
    }

    fn new(content_type: &'static str, steps: Vec<Step>) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), before_head: None, steps }
            .header("content-type", content_type)
    }

    /// Sets the status. One that HTTP does not know becomes 500.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
        self.headers.push(header);
        self
    }

    /// Sends nothing, not even the head, before the gate opens.
    #[must_use]
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.before_head = Some(gate.clone());
        self
    }

    /// Waits, after what was sent so far, until the gate opens.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.steps.push(Step::Wait(gate.clone()));
        self
    }

    /// Sends another piece.
    #[must_use]
    pub fn then(mut self, piece: impl Into<Bytes>) -> Self {
        self.steps.push(Step::Send(piece.into()));
        self
    }

    /// Breaks the connection off after what was sent so far.
    #[must_use]
    pub fn then_break(mut self) -> Self {
        self.steps.push(Step::Break);
        self
    }

    /// Cuts everything that is sent into pieces of this many bytes.
    #[must_use]
    pub fn sliced(mut self, piece_bytes: usize) -> Self {
        let cut = |step| match step {
            Step::Send(bytes) => bytes
                .chunks(piece_bytes.max(1))
                .map(|piece| Step::Send(bytes.slice_ref(piece)))
                .collect(),
            other @ (Step::Wait(_) | Step::Break) => vec![other],
        };
        self.steps = self.steps.into_iter().flat_map(cut).collect();
        self
    }

    /// Compresses the whole body.
    ///
    /// # Errors
    /// Never: the compressor writes into memory.
    pub fn gzipped(mut self) -> std::io::Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        for step in &self.steps {
            if let Step::Send(bytes) = step {
                gzip.write_all(bytes)?;
            }
        }
        self.steps = vec![Step::Send(gzip.finish()?.into())];
        Ok(self.header("content-encoding", "gzip"))
    }
}
