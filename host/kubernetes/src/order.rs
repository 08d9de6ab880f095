//! From an adapter's plan and the operator's grant to what is run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange::{Failure, FailureKind, ProcessExchange, ProgramCredential, ProgramSandbox};
use sandbox::Layer;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::layers;
use crate::settings::KubernetesSettings;

/// How long after its deadline a run counts as forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);

/// One run, as it is described to the cluster. Holds secrets and prompts: it has no `Debug`.
pub(crate) struct RunOrder {
    /// Name of the Job, and of the Secret if there is one. Unique.
    pub(crate) name: String,
    /// Id of the provider.
    pub(crate) provider: String,
    /// Id of the request.
    pub(crate) request: String,
    /// Absolute path in the image.
    pub(crate) program: String,
    /// Arguments, the body among them.
    pub(crate) arguments: Vec<String>,
    /// The environment, the credential's variable not among it.
    pub(crate) environment: Vec<(String, String)>,
    /// The credential.
    pub(crate) credential: Option<OrderCredential>,
    /// Working directory.
    pub(crate) directory: String,
    /// Whether the body goes to standard input.
    pub(crate) feeds_stdin: bool,
    /// Seconds after which the cluster ends it.
    pub(crate) deadline_seconds: i64,
    /// Moment after which nobody looks after it any more, in seconds since 1970.
    pub(crate) expires: u64,
    /// Memory, `/tmp` included.
    pub(crate) memory_bytes: u64,
    /// Size of `/tmp`.
    pub(crate) scratch_bytes: u64,
    /// What its log may take on the node.
    pub(crate) log_bytes: u64,
}

/// A secret and the way in which the program gets it.
pub(crate) struct OrderCredential {
    pub(crate) way: ProgramCredential,
    pub(crate) variable: String,
    pub(crate) secret: SecretString,
}

impl RunOrder {
    /// Describes an exchange.
    ///
    /// # Errors
    /// `ProviderMisconfigured` for what no Job can be, `SandboxFault` for layers and networks that
    /// this driver does not have, `InvalidRequest` and `PayloadTooLarge` for a body that cannot be
    /// an argument.
    pub(crate) fn of(
        exchange: &ProcessExchange,
        settings: &KubernetesSettings,
    ) -> Result<Self, Failure> {
        exchange.check()?;
        let (plan, target) = (&exchange.plan, &exchange.target);
        check_sandbox(&target.sandbox, settings)?;
        let total = plan.timeout.unwrap_or(target.total).min(target.total);
        let directory = target.sandbox.directory.as_ref();
        Ok(Self {
            name: new_name(),
            provider: target.provider.to_string(),
            request: exchange.request_id.to_string(),
            program: plan.program.clone(),
            arguments: texts(exchange.arguments()?)?,
            environment: plan.environment.clone(),
            credential: exchange.credential.as_ref().map(|(variable, secret)| OrderCredential {
                way: target.sandbox.credential,
                variable: variable.clone(),
                secret: SecretString::from(secret.expose_secret()),
            }),
            directory: directory.map_or("/tmp".to_owned(), |path| path.display().to_string()),
            feeds_stdin: plan.body_on_stdin && !exchange.body.is_empty(),
            deadline_seconds: i64::try_from(whole_seconds(total)).unwrap_or(i64::MAX),
            expires: seconds_since_1970().saturating_add(whole_seconds(total + FORGOTTEN_AFTER)),
            memory_bytes: target.max_memory_bytes,
            scratch_bytes: target.sandbox.max_scratch_bytes,
            log_bytes: target.max_output_bytes.saturating_add(target.sandbox.max_scratch_bytes),
        })
    }

    /// Whether there is a Secret beside the Job.
    pub(crate) fn has_secret(&self) -> bool {
        self.credential.is_some()
    }
}

/// A name that nothing has yet. Later ones sort after earlier ones.
pub(crate) fn new_name() -> String {
    format!("patchbay-{}", Uuid::now_v7().simple())
}

/// Seconds since 1970.
pub(crate) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Rounded up: a limit of 0 seconds would be none in time to start.
fn whole_seconds(time: Duration) -> u64 {
    let part = u64::from(time.subsec_nanos() > 0);
    time.as_secs().saturating_add(part).max(1)
}

fn check_sandbox(sandbox: &ProgramSandbox, settings: &KubernetesSettings) -> Result<(), Failure> {
    if sandbox.digest.is_some() {
        return Err(misconfigured(
            "the provider names the digest of a program, which a cluster cannot check; name the \
             image by digest instead",
        ));
    }
    if !sandbox.read_only.is_empty() {
        return Err(misconfigured(
            "the provider names paths of the gateway's machine, which a cluster does not have; \
             put them into the image",
        ));
    }
    if !sandbox.network.is_empty() {
        return Err(Failure::new(
            FailureKind::SandboxFault,
            "the provider's program is granted hosts, which the sandbox \"kubernetes\" cannot \
             keep to; leave them out and write a network policy",
        ));
    }
    let mut demanded = sandbox.demanded_layers.iter();
    demanded.try_for_each(|name| check_layer(name, settings))
}

fn check_layer(name: &str, settings: &KubernetesSettings) -> Result<(), Failure> {
    let layer: Layer = name.parse().map_err(|problem: String| misconfigured(&problem))?;
    layers::missing(layer, settings).map_or(Ok(()), |reason| {
        Err(Failure::new(
            FailureKind::SandboxFault,
            "the sandbox that the provider demands does not work here; the log says which layer \
             is missing and why",
        )
        .with_cause(format!("the sandbox \"kubernetes\" has no layer {layer}: {reason}")))
    })
}

/// Manifests are JSON: their texts are UTF-8.
fn texts(arguments: Vec<Vec<u8>>) -> Result<Vec<String>, Failure> {
    let text = |bytes| {
        String::from_utf8(bytes).map_err(|_| {
            Failure::new(
                FailureKind::InvalidRequest,
                "the text is not UTF-8, which an argument in a cluster must be; configure the \
                 provider to take it on standard input",
            )
        })
    };
    arguments.into_iter().map(text).collect()
}

fn misconfigured(message: &str) -> Failure {
    Failure::new(FailureKind::ProviderMisconfigured, message)
}
