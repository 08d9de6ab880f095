//! The smallest adapter of a program that uses all of its world.

use patchbay_sdk::{Argument, Call, Failure, Process, ProcessAdapter, Settings};

/// The adapter `released-process-adapter`.
pub struct Released;

impl ProcessAdapter for Released {
    fn prepare(call: &Call) -> Result<Process, Failure> {
        let arguments = vec![
            Argument::text(format!("--model={}", call.model)),
            Argument::body_after("--prompt="),
        ];
        Ok(Process::new("/bin/echo", arguments))
    }

    fn probe(_: Settings<'_>) -> Result<Process, Failure> {
        Ok(Process::new("/bin/echo", Vec::new()))
    }
}

patchbay_sdk::export!(process_adapter: Released);
