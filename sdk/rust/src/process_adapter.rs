//! A provider that is a program: the trait, and what carries it across the border.

use std::marker::PhantomData;

use crate::bindings::process::{Guest, Process};
use crate::bindings::types::{self, Call};
use crate::call::Settings;
use crate::export::enter;
use crate::failure::Failure;

/// Reaches a provider by running a program in the host's sandbox. No shell is involved, and the
/// adapter never sees the body: it marks where the host puts it.
pub trait ProcessAdapter: 'static {
    /// The program for a call. The host remembers the answer for calls that are equal.
    ///
    /// # Errors
    /// `provider-misconfigured` if the settings make the call impossible.
    fn prepare(call: &Call) -> Result<Process, Failure>;

    /// The cheapest run that proves that the program works.
    ///
    /// # Errors
    /// `provider-misconfigured`, like [`prepare`](Self::prepare).
    fn probe(settings: Settings<'_>) -> Result<Process, Failure>;
}

/// Carries a [`ProcessAdapter`] across the border.
#[doc(hidden)]
pub struct ProcessAdapterExport<A>(PhantomData<A>);

impl<A: ProcessAdapter> Guest for ProcessAdapterExport<A> {
    fn prepare(call: Call) -> Result<Process, types::Failure> {
        enter();
        A::prepare(&call).map_err(Into::into)
    }

    fn probe(settings: String) -> Result<Process, types::Failure> {
        enter();
        A::probe(Settings::new(&settings)).map_err(Into::into)
    }
}
