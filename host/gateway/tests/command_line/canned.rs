//! A server that gives the answers it was given, and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::Value;

/// What the server says to one request.
pub(crate) struct Reply {
    head: String,
    body: Vec<u8>,
}

/// What the server was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `GET /admin/status`
    pub(crate) line: String,
    /// Lower-case names, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// JSON, or other text as a string; null if there was none.
    pub(crate) body: Value,
}

/// The server; answers one request after the other.
pub(crate) struct Canned {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    server: JoinHandle<Vec<Asked>>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    pub(crate) fn bytes(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n");
        Self { head, body: body.into() }
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn send(&self, mut connection: &TcpStream) {
        let length = self.body.len();
        let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
        let bytes = [self.head.as_bytes(), end.as_bytes(), &self.body].concat();
        // Whoever has read enough goes away.
        let _ = connection.write_all(&bytes);
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `None` if nothing was asked.
    fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let line = head.remove(0).trim_end_matches(" HTTP/1.1").to_owned();
        let headers = head.iter().map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let mut asked = Self { line, headers: headers.collect(), body: Value::Null };
        let length = asked.header("content-length").map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if !body.is_empty() {
            let text = || Value::from(String::from_utf8_lossy(&body).as_ref());
            asked.body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
        }
        Some(asked)
    }
}

impl Canned {
    /// Gives these answers in turn, and then none.
    pub(crate) fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter();
        let ends = Arc::clone(&over);
        let server = thread::spawn(move || {
            let mut asked = Vec::new();
            while let Ok((connection, _)) = listener.accept() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let Some(one) = Asked::read(&connection) else { continue };
                asked.push(one);
                if let Some(reply) = replies.next() {
                    reply.send(&connection);
                }
            }
            asked
        });
        Self { address, over, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends the server: everything that it was asked.
    pub(crate) fn asked(self) -> Vec<Asked> {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address).unwrap());
        self.server.join().unwrap()
    }
}
