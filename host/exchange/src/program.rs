//! What every transport that runs programs keeps alike: which texts a program can be given, what
//! its end means to the caller, and what its standard error shows in the log.

mod diagnostics;
mod end;
mod text;

pub use diagnostics::Diagnostics;
pub use end::{ProcessEnd, timeout_failure};
