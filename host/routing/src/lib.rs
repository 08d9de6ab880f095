//! Which provider and model to try, in which order.
//!
//! Owns the route table, the choice of candidates, and when a candidate is tried again. Pure: health and randomness are
//! parameters, so the same table, health and seed give the same answer. It knows nothing of
//! plugins, transports or bodies.

mod health;
mod retry;
mod route;
mod table;

pub use health::{AlwaysHealthy, Health};
pub use retry::{RetryBudget, RetryPolicy};
pub use route::{Candidate, FallbackOn, Route, RouteTimeouts};
pub use table::{Models, ProviderModels, RouteTable};
