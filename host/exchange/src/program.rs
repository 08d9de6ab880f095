//! What every transport that runs programs keeps alike: which texts a program can be given, how
//! many run at once, how output becomes a reply, what a program's end means to the caller, and what
//! its standard error shows in the log.

mod diagnostics;
mod end;
mod output;
mod places;
mod text;

pub use diagnostics::Diagnostics;
pub use end::{ProcessEnd, timeout_failure};
pub use output::{ProgramOutput, program_reply};
pub use places::{Place, Places, Ticket};
