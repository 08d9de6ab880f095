//! Runs my program: which one, with which arguments, and where the prompt goes.

use patchbay_sdk::{Argument, Call, Failure, Process, ProcessAdapter, Settings};

/// The adapter `my-plugin`.
pub struct MyPlugin;

/// What an operator can set; `plugin.json` has its JSON Schema.
#[derive(serde::Deserialize)]
struct ProgramSettings {
    program: String,
}

impl ProcessAdapter for MyPlugin {
    /// The gateway puts the prompt where the argument says; the adapter never sees it.
    fn prepare(call: &Call) -> Result<Process, Failure> {
        let settings: ProgramSettings = call.settings()?;
        let model = Argument::text(format!("--model={}", call.model));
        let prompt = Argument::body_after("--prompt=");
        let process = Process::new(settings.program, vec![model, prompt]);
        Ok(Process { credential: Some("api_key".to_owned()), ..process })
    }

    fn probe(settings: Settings<'_>) -> Result<Process, Failure> {
        let settings: ProgramSettings = settings.read()?;
        Ok(Process::new(settings.program, vec![Argument::text("--version")]))
    }
}

patchbay_sdk::export!(process_adapter: MyPlugin);
