//! Texts that are parsed.

use std::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;

#[derive(Debug, Error)]
#[error("is no address with a port; write it like \"127.0.0.1:8080\" or \"[::]:8080\"")]
pub(crate) struct AddressProblem;

/// Address and port.
pub(crate) struct Address(pub(crate) SocketAddr);

impl FromStr for Address {
    type Err = AddressProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| AddressProblem)
    }
}

#[derive(Debug, Error)]
#[error("is empty; name a path, or leave the member out")]
pub(crate) struct EmptyText;

/// A text that is not empty.
pub(crate) struct FilledText(pub(crate) String);

impl FromStr for FilledText {
    type Err = EmptyText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Err(EmptyText) } else { Ok(Self(text.to_owned())) }
    }
}
