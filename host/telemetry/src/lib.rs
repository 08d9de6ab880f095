//! Logs and the access line
