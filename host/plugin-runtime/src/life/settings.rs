//! What the life cycle is told once, at start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::trial::TrialRule;
use super::trust::TrustPolicy;
use crate::grant::Grant;

/// Where plugins are, whom to trust, and how patient to be.
#[derive(Clone, Debug)]
pub struct LifeSettings {
    /// The directory that is watched. It need not exist yet.
    pub directory: PathBuf,
    /// Private directory for versions and state. Hidden if it is inside of `directory`:
    /// `.patchbay`. If it cannot be written, versions and state are kept until the gateway ends.
    pub state: PathBuf,
    /// Which files are loaded.
    pub trust: TrustPolicy,
    /// What the operator grants, by plugin name.
    pub grants: BTreeMap<String, Grant>,
    /// Times and sizes.
    pub limits: LifeLimits,
}

/// Times and sizes of the life cycle.
#[derive(Clone, Copy, Debug)]
pub struct LifeLimits {
    /// How changes are noticed.
    pub notices: Notices,
    /// How often the directory is looked at in any case.
    pub poll: Duration,
    /// How long after a notice the directory is looked at, so that many changes make one look.
    pub coalesce: Duration,
    /// A file is read when it has not changed for so long.
    pub settle: Duration,
    /// How often generations on trial, canaries and replaced generations are looked at.
    pub tick: Duration,
    /// How long the exchanges of a replaced generation may go on.
    pub drain: Duration,
    /// All self-test vectors of a plugin together.
    pub proof: Duration,
    /// Versions kept of each plugin, the serving one included. At least two.
    pub versions: usize,
    /// Plugin files in the directory; more are not looked at.
    pub files: usize,
    /// Events kept for operators; the oldest goes first.
    pub events: usize,
    /// When a new generation has passed, and when it has failed.
    pub trial: TrialRule,
}

/// How changes of the directory are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notices {
    /// The system tells; where it does not, as on network mounts, by polling.
    System,
    /// By polling alone.
    PollOnly,
}

impl LifeLimits {
    /// What the gateway runs with.
    pub const STANDARD: Self = Self {
        notices: Notices::System,
        poll: Duration::from_secs(2),
        coalesce: Duration::from_millis(200),
        settle: Duration::from_millis(100),
        tick: Duration::from_millis(250),
        drain: Duration::from_mins(10),
        proof: Duration::from_mins(1),
        versions: 5,
        files: 256,
        events: 256,
        trial: TrialRule::STANDARD,
    };
}
