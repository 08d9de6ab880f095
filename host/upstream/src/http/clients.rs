//! One client, and so one pool, for each set of settings that concerns connections.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use exchange::{Failure, FailureKind, HttpTarget, NetworkReach};
use reqwest::Client;
use reqwest::redirect::Policy;

use super::reach::GuardedResolver;

/// Most clients that are kept; the oldest goes first. Only reloads of the configuration with
/// ever new settings get here.
const MAX_CLIENTS: usize = 64;

/// How long an unused connection is kept: less than the minute after which many servers and
/// load balancers close theirs.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Most unused connections to one host.
const MAX_IDLE_PER_HOST: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Settings {
    connect: Duration,
    reach: NetworkReach,
}

/// The clients in use.
pub(super) struct Clients {
    tls: rustls::ClientConfig,
    ready: RwLock<Vec<(Settings, Client)>>,
}

impl Clients {
    pub(super) fn new(tls: rustls::ClientConfig) -> Self {
        Self { tls, ready: RwLock::new(Vec::new()) }
    }

    /// The TLS configuration of every client.
    pub(super) fn tls(&self) -> &rustls::ClientConfig {
        &self.tls
    }

    /// The client for a target; built at the first use of its settings.
    pub(super) fn get(&self, target: &HttpTarget) -> Result<Client, Failure> {
        let settings = Settings { connect: target.timeouts.connect, reach: target.reach };
        if let Some(client) = find(&read(&self.ready), settings) {
            return Ok(client);
        }
        self.add(settings)
    }

    fn add(&self, settings: Settings) -> Result<Client, Failure> {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = find(&ready, settings) {
            return Ok(client);
        }
        let client = self.build(settings)?;
        if ready.len() >= MAX_CLIENTS {
            ready.remove(0);
        }
        ready.push((settings, client.clone()));
        Ok(client)
    }

    fn build(&self, settings: Settings) -> Result<Client, Failure> {
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("patchbay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect)
            .dns_resolver(GuardedResolver::new(settings.reach))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .gzip(true)
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .build()
            .map_err(|error| {
                Failure::new(FailureKind::Internal, "the HTTP client could not be set up")
                    .with_cause(error)
            })
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn find(ready: &[(Settings, Client)], wanted: Settings) -> Option<Client> {
    let (_, client) = ready.iter().find(|(settings, _)| *settings == wanted)?;
    Some(client.clone())
}
