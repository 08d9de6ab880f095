//! `patchbay serve`: from a configuration that can serve to the end of the process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use exchange::{AccessSink, CredentialSource, PluginCatalog};
use pipeline::{Pipeline, PipelineParts};
use server::{Edge, EdgeLimits, Ending};
use telemetry::Logs;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use upstream::{HttpUpstream, ProcessUpstream};

use crate::configuration::{LogFormat, LogSettings, ServerSettings};
use crate::wiring::Prepared;
use crate::wiring::compile::Compiled;
use crate::wiring::credentials::Credentials;
use crate::wiring::reload::{self, Reloader, StartSettings};
use crate::wiring::service::GatewayService;
use crate::wiring::watched_file::WatchedFile;
use crate::wiring::{discovery, plugins};

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
    let listener = bind(settings.listen).await?;
    let address = listener.local_addr().context("the listener has no address")?;
    report(&prepared);
    plugins::prepare(&prepared.registry, &prepared.compiled.snapshot)?;
    let process = Arc::new(ProcessUpstream::try_new()?);
    let parts = Parts::join(prepared, Arc::clone(&process))?;
    let edge = Edge::new(Arc::new(parts.service), access, edge_limits(&settings));
    let stop = CancellationToken::new();
    let reloading = reload::watch(parts.reloader, parts.watched_file, hangups, stop.clone());
    let tasks = TaskTracker::new();
    tasks.spawn(reloading);
    tasks.spawn(discovery::keep_up_to_date(parts.pipeline, stop.clone()));
    info!(address = %address, "ready");
    serve_until_told(server::serve(listener, edge, stop.clone()), &mut ends, &stop).await;
    stop.cancel();
    tasks.close();
    let last_steps = async { tokio::join!(process.shutdown(), tasks.wait()) };
    if timeout(LAST_STEPS, last_steps).await.is_err() {
        warn!("programs or tasks did not end in time");
    }
    info!("stopped");
    Ok(())
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

/// What the pipeline needs, joined.
struct Parts {
    service: GatewayService,
    pipeline: Arc<Pipeline>,
    reloader: Reloader,
    watched_file: WatchedFile,
}

impl Parts {
    fn join(prepared: Prepared, process: Arc<ProcessUpstream>) -> anyhow::Result<Self> {
        let Compiled { snapshot, secrets } = prepared.compiled;
        let registry = prepared.registry;
        let credentials = Arc::new(Credentials::new(secrets));
        let parts = PipelineParts {
            catalog: Arc::clone(&registry) as Arc<dyn PluginCatalog>,
            http: Arc::new(HttpUpstream::try_new()?),
            process,
            credentials: Arc::clone(&credentials) as Arc<dyn CredentialSource>,
        };
        let pipeline = Arc::new(Pipeline::new(parts, snapshot));
        let configuration = prepared.configuration;
        Ok(Self {
            service: GatewayService::new(Arc::clone(&pipeline), Arc::clone(&registry)),
            pipeline: Arc::clone(&pipeline),
            reloader: Reloader {
                file: prepared.file,
                variables: prepared.variables,
                at_start: StartSettings {
                    server: configuration.server,
                    plugins: configuration.plugins,
                    log: configuration.log,
                },
                registry,
                pipeline,
                credentials,
            },
            watched_file: prepared.watched_file,
        })
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

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "address {address} is taken; stop what listens there, or choose another with \
             server.listen or PATCHBAY_SERVER__LISTEN"
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "address {address} may not be used; choose a port above 1023 with server.listen"
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "address {address} is not one of this machine; choose another with server.listen"
        ),
        _ => anyhow!("address {address} cannot be listened on: {error}"),
    })
}

/// What an operator should know at start.
fn report(prepared: &Prepared) {
    for refused in &prepared.refused_plugins {
        error!("{refused}");
    }
    let configuration = &prepared.configuration;
    if configuration.document.api_keys.is_empty() {
        warn!("no API key is configured: every request is answered with 401");
    }
    if configuration.admin.is_some() || configuration.store.is_some() {
        warn!("sections admin and store are of no effect: this version has neither");
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
