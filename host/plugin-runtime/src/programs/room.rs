//! Where programs run: an engine, a few threads, and the programs that are compiled.

use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use sandbox::ProgramDigest;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use tracing::{info, warn};
use wasmparser::Parser;
use wasmtime::component::Linker as ComponentLinker;
use wasmtime::{Engine, ExternType, Linker, Module};
use wasmtime_wasi::p2::bindings::CommandPre;

use super::ProgramSettings;
use super::library::{Compiled, FileIdentity, Library, Program};
use super::problem::StartProblem;
use super::scratch::ScratchRoot;
use super::state::ProgramState;
use super::{preview1, preview2};
use crate::code::CodeSource;
use crate::engine::{Allocator, engine_with};
use crate::limits::Limits;
use crate::ticker::Ticker;

/// Threads that run programs, at most: they take turns, a millisecond each.
const MAX_THREADS: usize = 4;
/// Programs of all providers that run at once. With one thread that is a round of 64 ms, so that
/// one that is cancelled ends within 100 ms.
const MAX_RUNNING: usize = 64;
/// Threads that read and compile programs, and remove directories.
const MAX_BLOCKING_THREADS: usize = 4;
/// How much the threads give way to the gateway's own.
const NICENESS: i32 = 5;

/// Everything that runs share. The threads end with it.
pub(super) struct Room {
    pub(super) engine: Engine,
    pub(super) scratch: ScratchRoot,
    pub(super) running: Arc<Semaphore>,
    modules: Linker<ProgramState>,
    components: ComponentLinker<ProgramState>,
    code: CodeSource,
    library: Library,
    threads: Threads,
    _ticker: Ticker,
}

/// A runtime that may be dropped anywhere: nobody waits for its threads. Programs have ended by
/// then, or are ended by it.
struct Threads(Option<Runtime>, Handle);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Room {
    /// # Errors
    /// If the machine has no room for engine, threads or directories.
    pub(super) fn start(settings: &ProgramSettings) -> Result<Self, StartProblem> {
        // The same as a plugin's without a pool, so that the same process compiles for it. Its
        // memory limit is only what is reserved ahead: programs have limits of their own.
        let limits = Limits { live_instances: 1, ..Limits::STANDARD };
        let refused = |error: wasmtime::Error| StartProblem::Engine(format!("{error:#}"));
        let engine = engine_with(&limits, Allocator::OnDemand).map_err(refused)?;
        let mut modules = Linker::new(&engine);
        preview1::link(&mut modules).map_err(refused)?;
        let mut components = ComponentLinker::new(&engine);
        preview2::link(&mut components).map_err(refused)?;
        let thread = |error: std::io::Error| StartProblem::Engine(error.to_string());
        let scratch = ScratchRoot::make(&settings.scratch).map_err(StartProblem::Scratch)?;
        info!(target: "process", "the engine of WebAssembly programs runs");
        Ok(Self {
            scratch,
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            modules,
            components,
            code: CodeSource::new(settings.compilation.clone(), &engine, Allocator::OnDemand),
            library: Library::default(),
            threads: threads().map_err(thread)?,
            _ticker: Ticker::start(&engine).map_err(thread)?,
            engine,
        })
    }

    /// The threads that run programs.
    pub(super) fn threads(&self) -> &Handle {
        &self.threads.1
    }

    /// The program at a path, compiled here if it is not yet. Dropping the future lets compiling
    /// go on: the next run has it then.
    ///
    /// # Errors
    /// If there is none that can be run, or it is not the one of the digest.
    pub(super) async fn program(
        self: &Arc<Self>,
        path: &Path,
        expected: Option<ProgramDigest>,
    ) -> Result<Arc<Program>, StartProblem> {
        let unreadable = |error| StartProblem::File(path.to_owned(), error);
        let file = FileIdentity::of(path).map_err(unreadable)?;
        let (found, compiled) = match self.library.find(&file) {
            Some(found) => found,
            None => {
                let room = Arc::clone(self);
                let load = move || room.load(file);
                tokio::task::spawn_blocking(load).await.map_err(|_| StartProblem::Gone)??
            }
        };
        if let Some(expected) = expected
            && expected != found
        {
            return Err(StartProblem::Digest { program: path.to_owned(), expected, found });
        }
        compiled.map_err(|reason| StartProblem::Unfit(path.to_owned(), reason))
    }

    fn load(&self, file: FileIdentity) -> Result<(ProgramDigest, Compiled), StartProblem> {
        self.library.load(file, Limits::STANDARD.component_bytes, |bytes| {
            let compiled = self.compile(bytes);
            if let Err(reason) = &compiled {
                warn!(target: "process", %reason, "a WebAssembly program cannot be run");
            }
            compiled.map(Arc::new).map_err(Arc::from)
        })
    }

    /// What a program imports beyond WASI is refused here, by name.
    fn compile(&self, bytes: &[u8]) -> Result<Program, String> {
        let unfit = |error: wasmtime::Error| format!("{error:#}");
        if Parser::is_component(bytes) {
            let component = self.code.component(&self.engine, bytes);
            let component = component.map_err(|error| error.to_string())?;
            let linked = self.components.instantiate_pre(&component).map_err(unfit)?;
            return CommandPre::new(linked).map(Program::Component).map_err(unfit);
        }
        if !Parser::is_core_wasm(bytes) {
            return Err("it is no WebAssembly".to_owned());
        }
        let module = self.code.module(&self.engine, bytes).map_err(|error| error.to_string())?;
        check_entrance(&module)?;
        self.modules.instantiate_pre(&module).map(Program::Module).map_err(unfit)
    }
}

fn check_entrance(module: &Module) -> Result<(), String> {
    let is_entrance = |kind: &ExternType| match kind {
        ExternType::Func(function) => function.params().len() == 0 && function.results().len() == 0,
        _ => false,
    };
    if module.get_export("_start").as_ref().is_some_and(is_entrance) {
        return Ok(());
    }
    Err("it exports no function `_start` without parameters: it is no command".to_owned())
}

fn threads() -> std::io::Result<Threads> {
    let processors = available_parallelism().map_or(1, usize::from);
    let runtime = Builder::new_multi_thread()
        .worker_threads(processors.min(MAX_THREADS))
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .thread_name("wasi-program")
        .on_thread_start(|| {
            // On Linux, of the thread alone. Where it is refused, programs weigh more.
            let _ = rustix::process::nice(NICENESS);
        })
        .enable_time()
        .build()?;
    let handle = runtime.handle().clone();
    Ok(Threads(Some(runtime), handle))
}
