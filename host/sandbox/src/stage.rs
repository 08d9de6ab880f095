//! The stage: this program, started once more to become somebody else's.
//!
//! It is three processes. The *outer* one leads the process group, joins the control groups and
//! makes the namespaces; the *first* one of the new PID namespace makes the view and reaps; the
//! *program* gives up what is left of its privileges and is replaced. Outer and first wait for
//! the next one and end with it, and the kernel ends each with the one above.
//!
//! All three are single-threaded. Nothing here allocates between fork and exec in a process with
//! other threads, so ordinary code is sound.

use std::ffi::OsStr;
use std::io;

use crate::handover::WAIT_ARGUMENT;
use crate::layer::Layer;
use crate::order::{Order, Report};

pub(crate) mod calls;
mod first;
mod mounts;
mod outer;
mod privileges;
mod program;
mod report;
mod runtime;
mod system;
mod wait;

pub(crate) use runtime::RUNTIME_NAME;

/// The only argument of a stage.
pub const STAGE_ARGUMENT: &str = "__sandbox-stage";

/// If this process was started as a stage, to wait in a sandbox for its program, or under the name
/// of a container engine's runtime, serves as that and never returns. To be called first in `main`, before any thread is started.
pub fn serve_stage_if_asked() {
    if runtime::is_asked() {
        std::process::exit(runtime::serve());
    }
    let mut arguments = std::env::args_os().skip(1);
    let (Some(asked), None) = (arguments.next(), arguments.next()) else {
        return;
    };
    if asked == OsStr::new(STAGE_ARGUMENT) {
        std::process::exit(serve());
    }
    if asked == OsStr::new(WAIT_ARGUMENT) {
        std::process::exit(wait::serve());
    }
}

/// The exit code tells nothing: the report does.
fn serve() -> i32 {
    let Ok((mut file, reporter)) = system::adopt() else {
        return 2;
    };
    let order = Order::read_from(&mut file);
    // It holds prompt and secret.
    drop(file);
    match order {
        Ok(order) => outer::run(order, reporter),
        Err(error) => reporter.fail(StageProblem::of_order(&error)),
    }
}

/// A layer that could not be set up.
struct StageProblem {
    layer: Option<Layer>,
    errno: Option<i32>,
    what: String,
}

impl StageProblem {
    fn of_order(error: &io::Error) -> Self {
        Self::new(Layer::ProcessTree, "the order could not be read", error)
    }

    fn new(layer: Layer, what: impl Into<String>, error: &io::Error) -> Self {
        Self { layer: Some(layer), errno: error.raw_os_error(), what: what.into() }
    }

    fn of_program(what: &str, error: &io::Error) -> Self {
        Self { layer: None, errno: error.raw_os_error(), what: what.to_owned() }
    }
}

impl From<StageProblem> for Report {
    fn from(problem: StageProblem) -> Self {
        let StageProblem { layer, errno, what } = problem;
        Self::Failed { layer, errno, what }
    }
}

/// Gives errors of a layer its name.
trait InLayer<T> {
    fn in_layer(self, layer: Layer, what: &str) -> Result<T, StageProblem>;
}

impl<T, E: Into<io::Error>> InLayer<T> for Result<T, E> {
    fn in_layer(self, layer: Layer, what: &str) -> Result<T, StageProblem> {
        self.map_err(|error| StageProblem::new(layer, what, &error.into()))
    }
}
