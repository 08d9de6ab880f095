//! Who administers.

use exchange::RequestId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Admin,
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// `sub` of the token.
    pub subject: String,
    /// What it may do.
    pub role: Role,
}

/// Who does something, and in which request: what the audit log says of both.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub operator: Operator,
    /// In which request.
    pub request_id: RequestId,
}
