//! From an adapter's plan and the operator's grant to what one run is given.

use std::path::{Path, PathBuf};

use exchange::{Failure, FailureKind, ProcessExchange, ProgramCredential};
use sandbox::ProgramDigest;
use secrecy::ExposeSecret;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, WasiView as _};

use super::layers::check_demands;
use super::meter::Meter;
use super::problem::StartProblem;
use super::quota::Quota;
use super::scratch::Scratch;
use super::state::ProgramState;
use super::streams::{Stderr, Stdout};
use super::view::{CREDENTIALS, View, show};

const CREDENTIAL_FILE: &str = "credential";
const MAX_RANDOM_BYTES: u64 = 1024 * 1024;
/// Streams, and directories that the host opens for it, count as open files.
const LEAST_HANDLES: u64 = 16;

/// What is run, checked.
pub(super) struct Call {
    pub(super) program: PathBuf,
    pub(super) digest: Option<ProgramDigest>,
    arguments: Vec<String>,
}

impl Call {
    /// # Errors
    /// `ProviderMisconfigured` for a plan or a target that no body could make right,
    /// `InvalidRequest` and `PayloadTooLarge` for a body that cannot be an argument,
    /// `SandboxFault` for a demand that this sandbox does not meet.
    pub(super) fn of(exchange: &ProcessExchange) -> Result<Self, Failure> {
        let program = PathBuf::from(&exchange.plan.program);
        exchange.check()?;
        let texts = exchange.arguments()?.into_iter().map(String::from_utf8);
        let arguments = texts.collect::<Result<_, _>>().map_err(|_| not_text())?;
        let sandbox = &exchange.target.sandbox;
        check_demands(sandbox)?;
        if program.extension().is_none_or(|it| it != "wasm") {
            let problem = format!("{program:?} is no WebAssembly program: its name ends in .wasm");
            return Err(StartProblem::Policy(problem).into());
        }
        Ok(Self { program, digest: sandbox.digest.map(ProgramDigest::new), arguments })
    }

    /// Everything that the program sees.
    ///
    /// # Errors
    /// `Policy` for a path that cannot be given, `Scratch` for a private directory that cannot be
    /// used.
    pub(super) fn state(
        self,
        exchange: &ProcessExchange,
        scratch: &Scratch,
        (stdout, stderr): (Stdout, Stderr),
    ) -> Result<ProgramState, StartProblem> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.arg(&exchange.plan.program)
            .args(&self.arguments)
            .stdout(stdout)
            .stderr(stderr)
            .max_random_size(MAX_RANDOM_BYTES)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            // The threads are there for it, and so the work counts as the program's.
            .allow_blocking_current_thread(true);
        if exchange.plan.body_on_stdin {
            wasi.stdin(MemoryInputPipe::new(exchange.body.clone()));
        }
        let target = &exchange.target;
        let quota = Quota::new(target.sandbox.max_scratch_bytes, target.max_file_bytes);
        let view = View::of(&target.sandbox, scratch, &quota)?;
        view.open(&mut wasi)?;
        set_environment(&mut wasi, exchange, scratch)?;
        let mut state = ProgramState {
            wasi: wasi.build_p1(),
            meter: Meter::new(target.max_memory_bytes),
            quota,
        };
        let shown = view.count() as u64;
        let handles = target.max_open_files.max(LEAST_HANDLES).saturating_add(shown);
        state.ctx().table.set_max_capacity(usize::try_from(handles).unwrap_or(usize::MAX));
        Ok(state)
    }
}

/// Exactly the plan's, and the credential, which wins over a variable of its name.
fn set_environment(
    wasi: &mut WasiCtxBuilder,
    exchange: &ProcessExchange,
    scratch: &Scratch,
) -> Result<(), StartProblem> {
    let credential = exchange.credential.as_ref();
    let is_other = |name: &str| credential.is_none_or(|(slot, _)| slot != name);
    for (name, value) in exchange.plan.environment.iter().filter(|(name, _)| is_other(name)) {
        wasi.env(name, value);
    }
    let Some((slot, secret)) = credential else {
        return Ok(());
    };
    match exchange.target.sandbox.credential {
        ProgramCredential::Variable => wasi.env(slot, secret.expose_secret()),
        ProgramCredential::File => {
            let kept = scratch.keep_secret(CREDENTIAL_FILE, secret.expose_secret());
            let directory = kept.map_err(StartProblem::Scratch)?;
            show(wasi, &directory, Path::new(CREDENTIALS), FsPerms::ReadOnly)
                .map_err(StartProblem::Scratch)?;
            wasi.env(slot, format!("{CREDENTIALS}/{CREDENTIAL_FILE}"))
        }
    };
    Ok(())
}

fn not_text() -> Failure {
    Failure::new(
        FailureKind::InvalidRequest,
        "the text is not UTF-8, which an argument of a WebAssembly program has to be; correct it, \
         or configure the provider to take the text on standard input",
    )
}
