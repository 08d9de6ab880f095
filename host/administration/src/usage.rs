//! What was used: counted by hour, API key, provider, model and operation.
//!
//! [`UsageLedger`] takes the record of each finished request, counts it in memory and is written
//! to the store from time to time; the request path never waits for a disk. A row is written as
//! the absolute count of its hour, so that a flush that is repeated, or broken off, counts nothing
//! twice; a flush that fails loses nothing. If the process is killed, what was counted since the
//! last flush is lost, at most one interval of it; a shutdown flushes last.
//!
//! Only requests of known API keys for an operation count, so that a row's parts come from closed
//! sets: no text that a caller chooses becomes a row. The model is the one that the caller named,
//! where it is a configured one; a report shows `(none)` where there was no model or no provider,
//! and `(other)` where more rows came up between two flushes than are kept in memory.

mod ledger;
mod query;
mod report;
mod row;

pub use ledger::UsageLedger;
pub use query::UsageQuery;
pub(crate) use report::retire;
pub use report::{UsageGroup, UsageReport, UsageRow};
pub use row::UsageCounts;

#[cfg(test)]
mod tests;
