//! `patchbay serve`: from a configuration that can serve to the end of the process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use administration::{Administration, UsageLedger};
use anyhow::{Context as _, anyhow};
use exchange::{
    AccessRecord, AccessSink, CredentialSource, HttpTransport, PluginCatalog, ReachPort,
    RecordingPort,
};
use kubernetes::KubernetesPrograms;
use pipeline::{Pipeline, PipelineParts};
use plugin_runtime::PluginLife;
use secrets::Sources;
use server::{AdminParts, Edge, EdgeLimits, Ending, Listeners, Service};
use telemetry::Logs;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use upstream::{HttpUpstream, ProcessUpstream};

use crate::configuration::{
    Configuration, LogFormat, LogSettings, RecordedTexts, RecordingSettings, ServerSettings,
};
use crate::recording::Recorder;
use crate::wiring::board::{self, BoardParts, Switchboard};
use crate::wiring::operators::{self, OpenedStore};
use crate::wiring::plugin_life::OperatorsPlugins;
use crate::wiring::programs::Programs;
use crate::wiring::reload::{self, Reloader, StartSettings};
use crate::wiring::service::GatewayService;
use crate::wiring::watched_file::WatchedFile;
use crate::wiring::{Prepared, discovery, plugins};

/// Largest head of a request. Every connection buffers as much.
const MAX_HEAD_BYTES: u32 = 64 * 1024;

/// Requests at a time on one HTTP/2 connection: enough for any client, too few to starve others.
const MAX_REQUESTS_PER_CONNECTION: u32 = 128;

/// Time for programs to be reaped and tasks to end after the last request.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT, then lets requests in flight end, within the configured time.
/// A second signal ends that wait.
///
/// # Errors
/// What kept the gateway from starting, in one line that says what to do.
pub(crate) fn serve(prepared: Prepared) -> anyhow::Result<()> {
    let Logs { access, flush } = telemetry::start(&log_settings(&prepared.configuration.log))?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = prepared.configuration.server.worker_threads {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.enable_all().build().context("threads cannot be started")?;
    let served = runtime.block_on(run(prepared, Arc::new(access)));
    runtime.shutdown_timeout(LAST_STEPS);
    drop(flush);
    served
}

async fn run(prepared: Prepared, access: Arc<dyn AccessSink>) -> anyhow::Result<()> {
    let hangups = listen_for(SignalKind::hangup())?;
    let mut ends = EndSignals::listen()?;
    let settings = prepared.configuration.server.clone();
    let admin_address = prepared.configuration.admin.as_ref().and_then(|admin| admin.listen);
    let doors = Doors::open(settings.listen, admin_address).await?;
    report(&prepared);
    let providers = prepared.tables.providers.values().map(|provider| &**provider);
    plugins::prepare(&prepared.registry, providers)?;
    let wasi = plugins::programs(&prepared.configuration.plugins);
    let local = Arc::new(ProcessUpstream::with_drivers(prepared.sandboxes.drivers())?);
    let cluster = cluster(&prepared.configuration).await?;
    let process = Arc::new(Programs::new(local, wasi, cluster));
    let store = match &prepared.configuration.store {
        Some(settings) => Some(operators::open(settings, &prepared.variables).await?),
        None => None,
    };
    let recording = prepared.configuration.recording.clone();
    let recorder = recording.as_ref().map(Recorder::start).transpose()?;
    let ports = (Arc::clone(&process), recorder.as_ref().map(Recorder::port));
    let mut parts = Parts::join(prepared, ports, store).await?;
    if let Some(recording) = &recording {
        report_recording(recording, &parts.pipeline);
    }
    let (edge, operators) = parts.edge(access, edge_limits(&settings));
    let stop = CancellationToken::new();
    let reloading = reload::watch(parts.reloader, parts.watched_file, hangups, stop.clone());
    let tasks = TaskTracker::new();
    tasks.spawn(reloading);
    let (programs, until) = (Arc::clone(&process), stop.clone());
    tasks.spawn(async move { until.run_until_cancelled(programs.prepare()).await });
    tasks.spawn(discovery::keep_up_to_date(parts.pipeline, stop.clone()));
    if let Some(life) = parts.life {
        tasks.spawn(plugins::keep_offer(life, parts.board, stop.clone()));
    }
    // Ends after the edge, so that what the last requests used is counted.
    let last = CancellationToken::new();
    if let Some(operators) = operators {
        let last = last.clone();
        tasks.spawn(async move { operators.maintain(last).await });
    }
    doors.announce();
    serve_until_told(server::serve(doors.listeners, edge, stop.clone()), &mut ends, &stop).await;
    stop.cancel();
    last.cancel();
    if let Some(recorder) = recorder {
        tasks.spawn_blocking(move || recorder.stop());
    }
    tasks.close();
    let last_steps = async { tokio::join!(process.shutdown(), tasks.wait()) };
    if timeout(LAST_STEPS, last_steps).await.is_err() {
        warn!("programs or tasks did not end in time");
    }
    info!("stopped");
    Ok(())
}

/// The cluster that runs programs, if there is one. It is not asked anything here.
async fn cluster(configuration: &Configuration) -> anyhow::Result<Option<KubernetesPrograms>> {
    let Some(settings) = configuration.sandbox.kubernetes.clone() else {
        return Ok(None);
    };
    KubernetesPrograms::connect(settings).await.context("[sandbox.kubernetes]").map(Some)
}

/// Where callers and operators come in.
struct Doors {
    listeners: Listeners,
    callers: SocketAddr,
    operators: Option<SocketAddr>,
}

impl Doors {
    /// # Errors
    /// Names the address that cannot be listened on, and what to do.
    async fn open(callers: SocketAddr, operators: Option<SocketAddr>) -> anyhow::Result<Self> {
        let for_callers = bind(callers, "server.listen").await?;
        let callers = address_of(&for_callers)?;
        let Some(operators) = operators else {
            return Ok(Self { listeners: for_callers.into(), callers, operators: None });
        };
        let admin = bind(operators, "admin.listen").await?;
        let operators = Some(address_of(&admin)?);
        let listeners = Listeners::Apart { callers: for_callers, admin };
        Ok(Self { listeners, callers, operators })
    }

    fn announce(&self) {
        if let Some(operators) = self.operators {
            info!(address = %operators, "the admin API listens");
        }
        info!(address = %self.callers, "ready");
    }
}

fn address_of(listener: &TcpListener) -> anyhow::Result<SocketAddr> {
    listener.local_addr().context("the listener has no address")
}

/// Polls `serving` to its end, which the first signal asks for and the second does not wait for.
async fn serve_until_told(
    serving: impl Future<Output = Ending>,
    ends: &mut EndSignals,
    stop: &CancellationToken,
) {
    let mut serving = pin!(serving);
    let ending = tokio::select! {
        ending = &mut serving => Some(ending),
        () = ends.recv() => {
            info!("stopping: no new connections, requests in flight may end");
            stop.cancel();
            tokio::select! {
                ending = &mut serving => Some(ending),
                () = ends.recv() => None,
            }
        }
    };
    match ending {
        Some(Ending::Drained) => {}
        Some(Ending::Cut(connections)) => warn!(connections, "requests in flight were cut"),
        None => warn!("stopping at once: requests in flight are cut"),
    }
}

/// The rooms, joined.
struct Parts {
    service: Arc<GatewayService>,
    pipeline: Arc<Pipeline>,
    operators: Option<Operators>,
    reloader: Reloader,
    watched_file: WatchedFile,
    life: Option<PluginLife>,
    board: Arc<Switchboard>,
}

/// What stands between operators and the store.
struct Operators {
    administration: Arc<Administration>,
    ledger: Arc<UsageLedger>,
    /// There is an admin API.
    door: Option<AdminParts>,
}

impl Parts {
    async fn join(
        prepared: Prepared,
        (process, recorder): (Arc<Programs>, Option<Arc<dyn RecordingPort>>),
        opened: Option<OpenedStore>,
    ) -> anyhow::Result<Self> {
        let Prepared { configuration, variables, sources, registry, meters, life, .. } = prepared;
        let board_parts = BoardParts {
            registry: Arc::clone(&registry),
            sandboxes: prepared.sandboxes,
            meters: Arc::clone(&meters),
            file: prepared.tables,
            holdings: opened.as_ref().map(|it| it.inventory.holdings.clone()).unwrap_or_default(),
        };
        let board = Arc::new(board::off_the_runtime(|| Switchboard::new(board_parts)).await);
        let http = Arc::new(HttpUpstream::try_new()?);
        let parts = PipelineParts {
            catalog: Arc::clone(&registry) as Arc<dyn PluginCatalog>,
            http: Arc::clone(&http) as Arc<dyn HttpTransport>,
            reach: Arc::clone(&http) as Arc<dyn ReachPort>,
            process,
            credentials: board.credentials() as Arc<dyn CredentialSource>,
            recorder,
        };
        let pipeline = Arc::new(Pipeline::new(parts, board.tables().snapshot()));
        board.attach(Arc::clone(&pipeline));
        let operators = opened
            .map(|opened| {
                let plugins = OperatorsPlugins {
                    life: life.clone(),
                    registry: Arc::clone(&registry),
                    board: Arc::clone(&board),
                };
                Operators::join(opened, (&board, plugins), (&configuration, &sources, &http))
            })
            .transpose()?;
        let administration = operators.as_ref().map(|it| Arc::clone(&it.administration));
        let service = GatewayService::new(
            &board,
            Arc::clone(&pipeline),
            Arc::clone(&registry),
            administration,
        );
        Ok(Self {
            service: Arc::new(service),
            pipeline,
            operators,
            reloader: Reloader {
                file: prepared.file,
                variables,
                at_start: StartSettings::of(configuration),
                registry,
                meters,
                board: Arc::clone(&board),
            },
            watched_file: prepared.watched_file,
            life,
            board,
        })
    }

    /// The edge, and who looks after the store.
    fn edge(
        &mut self,
        access: Arc<dyn AccessSink>,
        limits: EdgeLimits,
    ) -> (Edge, Option<Arc<Administration>>) {
        let service: Arc<dyn Service> = Arc::clone(&self.service) as Arc<dyn Service>;
        let Some(operators) = self.operators.take() else {
            return (Edge::new(service, access, limits), None);
        };
        let access = Arc::new(LogAndLedger { log: access, ledger: operators.ledger });
        let edge = Edge::new(service, access, limits);
        let edge = match operators.door {
            Some(door) => edge.with_admin(door),
            None => edge,
        };
        (edge, Some(operators.administration))
    }
}

impl Operators {
    fn join(
        opened: OpenedStore,
        (board, plugins): (&Arc<Switchboard>, OperatorsPlugins),
        (configuration, sources, http): (&Configuration, &Sources, &Arc<HttpUpstream>),
    ) -> anyhow::Result<Self> {
        let settings = configuration.store.clone().unwrap_or_default();
        let ledger = Arc::clone(&opened.ledger);
        let administration = opened.administer(board, plugins, &settings);
        let door = configuration.admin.as_ref().map(|admin| {
            anyhow::Ok(AdminParts {
                administration: Arc::clone(&administration),
                tokens: operators::token_verifier(admin, sources, http)?,
                backup_directory: settings.backup_directory(),
            })
        });
        Ok(Self { administration, ledger, door: door.transpose()? })
    }
}

/// Each request is logged and counted.
struct LogAndLedger {
    log: Arc<dyn AccessSink>,
    ledger: Arc<UsageLedger>,
}

impl AccessSink for LogAndLedger {
    fn record(&self, record: AccessRecord) {
        self.ledger.observe(&record);
        self.log.record(record);
    }
}

/// SIGTERM and SIGINT.
struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: listen_for(SignalKind::terminate())?,
            interrupt: listen_for(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of the two. Dropping the future loses no signal.
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn listen_for(kind: SignalKind) -> anyhow::Result<Signal> {
    signal(kind).context("signals cannot be received")
}

async fn bind(address: SocketAddr, member: &str) -> anyhow::Result<TcpListener> {
    let variable = format!("PATCHBAY_{}", member.to_uppercase().replace('.', "__"));
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "address {address} is taken; stop what listens there, or choose another with {member} \
             or {variable}"
        ),
        ErrorKind::PermissionDenied => {
            anyhow!("address {address} may not be used; choose a port above 1023 with {member}")
        }
        ErrorKind::AddrNotAvailable => {
            anyhow!("address {address} is not one of this machine; choose another with {member}")
        }
        _ => anyhow!("address {address} cannot be listened on: {error}"),
    })
}

/// What an operator should know at start.
fn report(prepared: &Prepared) {
    for refused in &prepared.refused_plugins {
        error!("{refused}");
    }
    let configuration = &prepared.configuration;
    if configuration.document.api_keys.is_empty() && configuration.store.is_none() {
        warn!("no API key is configured: every request is answered with 401");
    }
}

/// Whoever looks at the log of a start sees whose exchanges are written down, and how.
fn report_recording(settings: &RecordingSettings, pipeline: &Pipeline) {
    let snapshot = pipeline.snapshot();
    let recorded = snapshot.providers.values().filter(|provider| provider.records);
    let mut providers: Vec<&str> = recorded.map(|provider| &*provider.id).collect();
    providers.sort_unstable();
    let (providers, directory) = (providers.join(", "), settings.directory.display());
    match settings.texts {
        RecordedTexts::Masked => {
            info!(%directory, providers, "recording is on, texts are masked");
        }
        RecordedTexts::Kept => {
            warn!(%directory, providers, "recording is on, texts are kept as they are");
        }
    }
}

fn log_settings(settings: &LogSettings) -> telemetry::LogSettings {
    telemetry::LogSettings {
        format: match settings.format {
            LogFormat::Text => telemetry::Format::Text,
            LogFormat::Json => telemetry::Format::Json,
        },
        filter: settings.level.as_str().to_owned(),
    }
}

fn edge_limits(settings: &ServerSettings) -> EdgeLimits {
    EdgeLimits {
        max_body_bytes: settings.max_body_bytes,
        max_head_bytes: MAX_HEAD_BYTES,
        max_connections: settings.max_connections,
        max_requests_per_connection: MAX_REQUESTS_PER_CONNECTION,
        head_read: settings.idle_connection,
        body_read: settings.request_body_timeout,
        keep_alive: settings.keep_alive,
        drain: settings.shutdown_grace,
    }
}

#[cfg(test)]
mod tests;
