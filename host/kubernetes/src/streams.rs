//! A program's streams: attached, or from its log.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{AsyncBufReadExt, FutureExt, SinkExt, StreamExt};
use kube::client::Connection;
use tokio_tungstenite::tungstenite::Message;

use crate::cluster::{Cluster, LogReader, LogStream};
use crate::problem::CallProblem;

/// Channels of an attached program (Kubernetes, `remotecommand/constants.go`).
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const CLOSE: u8 = 255;

/// Bytes of the body in one message.
const FRAME_BYTES: usize = 32 * 1024;

/// Something that a program wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// To standard output.
    Output(Bytes),
    /// To standard error.
    Complaint(Bytes),
}

/// The streams of one program.
pub(crate) struct Streams {
    /// What it writes, to the end. An error is the last item: more could have come.
    pub(crate) pieces: BoxStream<'static, Result<Piece, CallProblem>>,
    /// Writes the body; ends when it is written, or nobody reads it any more.
    pub(crate) feeding: BoxFuture<'static, ()>,
    /// Whether standard error is not among the pieces: the log has it apart.
    pub(crate) lacks_stderr: bool,
}

impl Streams {
    /// Attaches and writes the body to standard input. What the program wrote before that is not
    /// seen.
    ///
    /// # Errors
    /// It runs no more, or the API server cannot say where the body ends.
    pub(crate) async fn attach(
        cluster: &Cluster,
        pod: &str,
        body: Bytes,
    ) -> Result<Self, CallProblem> {
        let connection = cluster.attach(pod).await?;
        if !connection.supports_stream_close() {
            return Err(CallProblem::Attached(
                "the API server cannot end standard input (v5.channel.k8s.io, Kubernetes 1.30)"
                    .to_owned(),
            ));
        }
        Ok(Self::of(connection, body))
    }

    /// Reads the program's log, which has everything from the beginning.
    ///
    /// # Errors
    /// There is none, or it may not be read.
    pub(crate) async fn log(
        cluster: &Cluster,
        pod: &str,
        stream: LogStream,
    ) -> Result<Self, CallProblem> {
        let reader = cluster.log(pod, stream).await?;
        Ok(Self {
            pieces: pieces_of_log(reader),
            feeding: std::future::ready(()).boxed(),
            lacks_stderr: stream == LogStream::Stdout,
        })
    }

    fn of(connection: Connection, body: Bytes) -> Self {
        let (sink, source) = connection.into_stream().split();
        let feeding = async move {
            let mut sink = sink;
            for part in body.chunks(FRAME_BYTES) {
                if sink.send(frame(STDIN, part)).await.is_err() {
                    return;
                }
            }
            let _ = sink.send(frame(CLOSE, &[STDIN])).await;
        };
        let messages = source.map(|message| match message {
            Ok(Message::Binary(bytes)) => read_frame(bytes),
            Ok(Message::Close(_)) => Event::Broken("the connection was closed".to_owned()),
            Ok(_) => Event::Nothing,
            Err(error) => Event::Broken(error.to_string()),
        });
        // A connection that ends before the status is broken too.
        let cut = || Event::Broken("the connection ended".to_owned());
        let events = messages.chain(stream::once(async move { cut() }));
        Self {
            pieces: pieces_of_events(events.boxed()),
            feeding: feeding.boxed(),
            lacks_stderr: false,
        }
    }
}

/// One message of an attached program.
enum Event {
    Piece(Piece),
    /// The program has ended.
    Status,
    Broken(String),
    Nothing,
}

fn frame(channel: u8, payload: &[u8]) -> Message {
    let mut bytes = Vec::with_capacity(payload.len() + 1);
    bytes.push(channel);
    bytes.extend_from_slice(payload);
    Message::Binary(bytes.into())
}

fn read_frame(mut bytes: Bytes) -> Event {
    if bytes.is_empty() {
        return Event::Nothing;
    }
    let payload = bytes.split_off(1);
    match bytes.first() {
        Some(&STATUS) => Event::Status,
        // Each channel is opened with an empty message.
        _ if payload.is_empty() => Event::Nothing,
        Some(&STDOUT) => Event::Piece(Piece::Output(payload)),
        Some(&STDERR) => Event::Piece(Piece::Complaint(payload)),
        _ => Event::Nothing,
    }
}

fn pieces_of_events(events: BoxStream<'static, Event>) -> BoxStream<'static, PieceResult> {
    let pieces = stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        loop {
            match events.next().await? {
                Event::Piece(piece) => return Some((Ok(piece), Some(events))),
                Event::Status => return None,
                Event::Broken(reason) => return Some((Err(CallProblem::Attached(reason)), None)),
                Event::Nothing => {}
            }
        }
    });
    pieces.boxed()
}

type PieceResult = Result<Piece, CallProblem>;

fn pieces_of_log(reader: LogReader) -> BoxStream<'static, PieceResult> {
    let pieces = stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        let read = reader.fill_buf().await.map(Bytes::copy_from_slice);
        match read {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => {
                reader.consume_unpin(bytes.len());
                Some((Ok(Piece::Output(bytes)), Some(reader)))
            }
            Err(error) => Some((Err(CallProblem::Attached(error.to_string())), None)),
        }
    });
    pieces.boxed()
}
