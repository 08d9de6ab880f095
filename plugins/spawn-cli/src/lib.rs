//! Runs a program for each request.
//!
//! The settings say which program, with which arguments, and where the prompt goes: the marker
//! `{{body}}` at the end of an argument, standard input, or both. The adapter never sees the
//! prompt; the host puts it there. No shell is involved, so nothing has to be quoted.

use std::collections::BTreeMap;

use patchbay_sdk::{Argument, Call, DEFAULT_SLOT, Failure, Process, ProcessAdapter, Settings};
use serde::Deserialize;

/// Where an argument takes the prompt; only its end can be.
const BODY: &str = "{{body}}";

/// The adapter `spawn-cli`.
pub struct SpawnCli;

/// The settings that are this adapter's; the others are the dialect's.
#[derive(Deserialize)]
struct ProgramSettings {
    program: String,
    #[serde(default)]
    arguments: Vec<String>,
    stdin: Option<bool>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    timeout_ms: Option<u64>,
    #[serde(default = "default_slot")]
    credential: String,
    #[serde(default = "version_argument")]
    probe_arguments: Vec<String>,
}

fn default_slot() -> String {
    DEFAULT_SLOT.to_owned()
}

fn version_argument() -> Vec<String> {
    vec!["--version".to_owned()]
}

impl ProcessAdapter for SpawnCli {
    fn prepare(call: &Call) -> Result<Process, Failure> {
        let settings: ProgramSettings = call.settings()?;
        let arguments = read_arguments("settings.arguments", &settings.arguments)?;
        let in_arguments = arguments.iter().any(|argument| argument.takes_body);
        let body_on_stdin = settings.stdin.unwrap_or(!in_arguments);
        if !in_arguments && !body_on_stdin {
            let reason = "with no {{body}} in settings.arguments the program would get no prompt";
            return Err(Failure::misconfigured("settings.stdin", reason));
        }
        let process = process(settings, arguments)?;
        Ok(Process { body_on_stdin, ..process })
    }

    fn probe(settings: Settings<'_>) -> Result<Process, Failure> {
        let settings: ProgramSettings = settings.read()?;
        let member = "settings.probe_arguments";
        let arguments = read_arguments(member, &settings.probe_arguments)?;
        if arguments.iter().any(|argument| argument.takes_body) {
            return Err(Failure::misconfigured(member, "a probe has no {{body}}"));
        }
        process(settings, arguments)
    }
}

/// What a call and a probe share.
fn process(settings: ProgramSettings, arguments: Vec<Argument>) -> Result<Process, Failure> {
    check_program(&settings.program)?;
    check_environment(&settings.environment)?;
    if settings.timeout_ms == Some(0) {
        let reason = "a run needs at least a millisecond";
        return Err(Failure::misconfigured("settings.timeout_ms", reason));
    }
    Ok(Process {
        environment: settings.environment.into_iter().collect(),
        timeout_ms: settings.timeout_ms,
        credential: Some(settings.credential),
        ..Process::new(settings.program, arguments)
    })
}

fn read_arguments(member: &str, arguments: &[String]) -> Result<Vec<Argument>, Failure> {
    let read = |(index, text): (usize, &String)| {
        let member = format!("{member}[{index}]");
        check_no_nul(&member, text)?;
        let (text, takes_body) = match text.strip_suffix(BODY) {
            Some(start) => (start, true),
            None => (text.as_str(), false),
        };
        if text.contains(BODY) {
            let reason = "{{body}} can only be the end of an argument";
            return Err(Failure::misconfigured(&member, reason));
        }
        Ok(match takes_body {
            true => Argument::body_after(text),
            false => Argument::text(text),
        })
    };
    arguments.iter().enumerate().map(read).collect()
}

fn check_program(program: &str) -> Result<(), Failure> {
    check_no_nul("settings.program", program)?;
    let climbs = program.split('/').any(|part| part == "..");
    if !program.starts_with('/') || program.ends_with('/') || climbs {
        let reason = "it has to be the absolute path of a program, without \"..\"";
        return Err(Failure::misconfigured("settings.program", reason));
    }
    Ok(())
}

fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    for (name, value) in environment {
        let member = format!("settings.environment.{name}");
        let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !starts_well || !name.bytes().all(word) {
            let reason = "a variable's name has letters, digits and \"_\"";
            return Err(Failure::misconfigured(&member, reason));
        }
        check_no_nul(&member, value)?;
    }
    Ok(())
}

fn check_no_nul(member: &str, text: &str) -> Result<(), Failure> {
    match text.contains('\0') {
        true => Err(Failure::misconfigured(member, "it holds a NUL")),
        false => Ok(()),
    }
}

patchbay_sdk::export!(process_adapter: SpawnCli);
