//! How much a key may use: requests and tokens a minute, and requests at the same time.
//!
//! A [`Meter`] is what a caller carries: the limits of its key, and the account of what was used.
//! The account outlives the snapshot, so a change of keys forgives nothing. A request gets its
//! [`Admission`] in two steps, because its tokens are known only once its body has been read; at
//! the end of the answer it is settled by what the provider counted. A key without limits has no
//! account to lock and its requests have no admission.
//!
//! Time is a parameter, as an [`Instant`](std::time::Instant). Nothing here waits.

mod admitted;
mod bucket;
mod level;
mod meter;
mod meters;
mod tokens;

pub use admitted::{Admission, Spent};
pub use level::{Level, Levels, Wait};
pub use meter::{Meter, MeterLimits};
pub use meters::Meters;

pub(crate) use tokens::needed;

#[cfg(test)]
mod tests;
