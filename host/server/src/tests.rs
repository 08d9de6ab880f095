//! The edge as its callers see it: in memory where the head and body tell, over sockets where
//! the connection does.

mod admin;
mod answers;
mod client;
mod dialects;
mod disconnects;
mod fake;
mod limits;
mod refusals;
mod shutdown;
mod sockets;
mod streams;
mod wire;
