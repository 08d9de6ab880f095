//! Adapters that run a program: the port [`ProcessAdapter`] on top of the contract's
//! `process-adapter`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use exchange::{
    Call, CredentialUse, Failure, GenerationId, ProcessAdapter, ProcessArgument, ProcessPlan,
};

use crate::bindings::process::ProcessProvider;
use crate::bindings::process::exports::patchbay::plugin::process_adapter as guest;
use crate::breach::{Breach, shorten};
use crate::convert;
use crate::http_adapter::declared_use;
use crate::lazy::LazyGeneration;
use crate::session::Session;

const MAX_ARGUMENTS: usize = 1024;
const MAX_VARIABLES: usize = 256;
const MAX_PROGRAM_BYTES: usize = 4096;

/// A process adapter's generation.
pub(crate) struct Process(Arc<LazyGeneration<ProcessProvider>>);

impl Process {
    pub(crate) fn new(generation: Arc<LazyGeneration<ProcessProvider>>) -> Self {
        Self(generation)
    }

    fn session(&self) -> Session<ProcessProvider> {
        Session::new(Arc::clone(&self.0), None)
    }

    fn accept(
        &self,
        process: guest::Process,
    ) -> Result<(ProcessPlan, Option<CredentialUse>), Breach> {
        let plan = accept_process(process)?;
        let credential = plan
            .credential
            .clone()
            .map(|slot| declared_use(self.0.manifest(), slot))
            .transpose()?;
        Ok((plan, credential.map(|(_, used)| used)))
    }
}

#[async_trait]
impl ProcessAdapter for Process {
    fn generation(&self) -> GenerationId {
        self.0.id()
    }

    async fn prepare(&self, call: &Call) -> Result<(ProcessPlan, Option<CredentialUse>), Failure> {
        let mut session = self.session();
        let call = convert::call(call);
        let answer = session
            .call("prepare", 0, move |plugin, store| {
                let adapter = plugin.patchbay_plugin_process_adapter();
                adapter.call_prepare(store, &call)
            })
            .await?;
        let process = answer.map_err(convert::failure)?;
        session.accept("prepare", self.accept(process))
    }

    async fn probe(&self, settings: &str) -> Result<(ProcessPlan, Option<CredentialUse>), Failure> {
        let mut session = self.session();
        let settings = settings.to_owned();
        let answer = session
            .call("probe", settings.len(), move |plugin, store| {
                let adapter = plugin.patchbay_plugin_process_adapter();
                adapter.call_probe(store, &settings)
            })
            .await?;
        let process = answer.map_err(convert::failure)?;
        session.accept("probe", self.accept(process))
    }
}

fn accept_process(process: guest::Process) -> Result<ProcessPlan, Breach> {
    check_program(&process.program)?;
    check_arguments(&process.arguments)?;
    check_environment(&process.environment)?;
    Ok(ProcessPlan {
        program: process.program,
        arguments: process
            .arguments
            .into_iter()
            .map(|argument| ProcessArgument {
                text: argument.text,
                takes_body: argument.takes_body,
            })
            .collect(),
        environment: process.environment,
        body_on_stdin: process.body_on_stdin,
        timeout: process.timeout_ms.map(Duration::from_millis),
        credential: process.credential,
    })
}

fn check_program(program: &str) -> Result<(), Breach> {
    let absolute = program.starts_with('/') && program.len() <= MAX_PROGRAM_BYTES;
    if absolute && !program.contains('\0') {
        return Ok(());
    }
    let shown = shorten(program);
    Err(Breach::Process(format!("program {shown:?} is not an absolute path")))
}

fn check_arguments(arguments: &[guest::Argument]) -> Result<(), Breach> {
    Breach::check_count("arguments", arguments.len(), MAX_ARGUMENTS)?;
    match arguments.iter().position(|argument| argument.text.contains('\0')) {
        Some(index) => Err(Breach::Process(format!("argument {index} holds a NUL"))),
        None => Ok(()),
    }
}

fn check_environment(environment: &[(String, String)]) -> Result<(), Breach> {
    Breach::check_count("environment variables", environment.len(), MAX_VARIABLES)?;
    let mut seen = HashSet::new();
    for (name, value) in environment {
        let usable = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        if !usable || !seen.insert(name) {
            let shown = shorten(name);
            return Err(Breach::Process(format!(
                "environment variable {shown:?} is empty, given twice, or holds \"=\" or a NUL"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(program: &str) -> guest::Process {
        guest::Process {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            body_on_stdin: false,
            timeout_ms: Some(5),
            credential: None,
            extra: Vec::new(),
        }
    }

    #[test]
    fn a_program_is_an_absolute_path() {
        for program in ["", "echo", "./echo", "/bin/\0echo"] {
            assert!(accept_process(process(program)).is_err(), "{program:?}");
        }
        let plan = accept_process(process("/bin/echo")).unwrap();
        assert_eq!(plan.timeout, Some(Duration::from_millis(5)));
    }

    #[test]
    fn an_environment_can_be_set_as_it_is() {
        for variables in
            [vec![("", "x")], vec![("A=B", "x")], vec![("A", "x\0")], vec![("A", "1"), ("A", "2")]]
        {
            let mut process = process("/bin/echo");
            process.environment =
                variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            assert!(accept_process(process).is_err(), "{variables:?}");
        }
    }

    #[test]
    fn an_argument_holds_no_nul() {
        let mut process = process("/bin/echo");
        process.arguments.push(guest::Argument { text: "a\0".into(), takes_body: false });
        assert!(accept_process(process).is_err());
    }
}
