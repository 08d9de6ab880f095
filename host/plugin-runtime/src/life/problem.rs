//! Why a plugin does not go on to the next step, or an action cannot be done.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::vectors::VectorProblem;
use crate::digest::Digest;
use crate::load_error::LoadError;

/// What stops a plugin or an operator's action. Each message says what to do.
#[derive(Debug, Error)]
pub enum LifeProblem {
    /// The file cannot be taken.
    #[error("the file cannot be read ({0}); let the gateway's user read it")]
    Unreadable(#[source] io::Error),
    /// It is no file.
    #[error("it is not a regular file; put the component there, or a link to it")]
    NotAFile,
    /// It is over the limit.
    #[error("the file is larger than {most} bytes; build it without debug information")]
    TooLarge {
        /// Most bytes allowed.
        most: usize,
    },
    /// It changes while it is read.
    #[error("the file is being written; it is looked at again by itself")]
    Unsettled,
    /// The directory has more files than are looked at.
    #[error("there are more than {most} plugin files; remove those that are not used")]
    TooManyFiles {
        /// Most files.
        most: usize,
    },
    /// The operator has not chosen.
    #[error(
        "nobody said that it can be trusted; write plugins.trust = {{ signers = [\"…\"] }} or \
         plugins.trust = {{ unsigned = true }}"
    )]
    NobodyTrusted,
    /// There is no signature.
    #[error(
        "there is no signature; sign the file with `minisign -S -m NAME.wasm` and put \
         NAME.wasm.minisig beside it"
    )]
    NoSignature,
    /// The signature's file is none.
    #[error("the signature is not one of minisign; sign the file again with `minisign -S`")]
    SignatureMalformed,
    /// No trusted key made the signature for this file.
    #[error(
        "no trusted signer has signed this file; check that the signature belongs to it, and add \
         the signer's public key to plugins.trust"
    )]
    NotSigned,
    /// It cannot be loaded.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// It asks for more than was approved.
    #[error("it asks for more than was approved: {widened}; approve it if that is wanted")]
    NeedsApproval {
        /// What, for people.
        widened: String,
    },
    /// A self-test vector fails.
    #[error(transparent)]
    Vector(Box<VectorProblem>),
    /// The digest is quarantined.
    #[error("this version is in quarantine: {cause}; install another one, or approve it")]
    Quarantined {
        /// Why.
        cause: String,
    },
    /// An operator wants another version.
    #[error("{reason}; install another version, or approve this one")]
    Held {
        /// Why.
        reason: String,
    },
    /// It would be another plugin.
    #[error("it is the plugin {found:?} and not {wanted:?}; name the right one")]
    OtherPlugin {
        /// What it is.
        found: String,
        /// What was meant.
        wanted: String,
    },
    /// A canary has to answer to what the serving version answers to.
    #[error("it differs in {member}, so the two cannot share the traffic; install it at once")]
    NoCanary {
        /// Member of the manifest.
        member: &'static str,
    },
    /// A number is outside its bounds.
    #[error("{what} must be between {least} and {most}; correct it")]
    OutOfBounds {
        /// What.
        what: &'static str,
        /// Least.
        least: u64,
        /// Most.
        most: u64,
    },
    /// No installed plugin has the name.
    #[error("no plugin {0:?} is installed; look at the list of plugins")]
    Unknown(String),
    /// The version is not kept.
    #[error("version {0} is not kept; look at the plugin's versions")]
    UnknownVersion(Digest),
    /// There is nothing before.
    #[error("there is no version of {0:?} to go back to; install one")]
    NothingBefore(String),
    /// There is no canary.
    #[error("the plugin {0:?} has no canary; start one")]
    NoCanaryRuns(String),
    /// Nothing waits for an approval.
    #[error("nothing of {0:?} waits for an approval; look at the list of plugins")]
    NothingPending(String),
    /// Directory or state cannot be written.
    #[error("{what} cannot be written ({source}); let the gateway's user write there")]
    Write {
        /// Which file.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The kept version is not what it was.
    #[error("the kept version {0} was changed or is gone; install it again")]
    Spoilt(Digest),
    /// The state was written by something else.
    #[error("{what} is not a state of plugins ({cause}); move it away")]
    State {
        /// Which file.
        what: String,
        /// Why.
        cause: String,
    },
    /// Another gateway uses the directory.
    #[error("another gateway uses {0}; give each gateway a plugin directory of its own")]
    InUse(String),
    /// Too many actions wait.
    #[error("too many actions wait for the plugins' worker; try again shortly")]
    Busy,
    /// The worker has ended.
    #[error("the gateway is stopping; try again when it has started")]
    Stopped,
    /// The thread does not start.
    #[error("the plugins' worker does not start ({0}); allow the gateway more threads")]
    Thread(#[source] io::Error),
    /// The vectors take too long.
    #[error("the self-test took longer than {0:?}; leave out vectors")]
    ProofTooLong(Duration),
}

impl LifeProblem {
    /// Whether what it stops goes on when an operator says so.
    pub(super) fn waits_for_operator(&self) -> bool {
        matches!(self, Self::NeedsApproval { .. } | Self::Held { .. })
    }
}

impl From<LoadError> for LifeProblem {
    fn from(error: LoadError) -> Self {
        Self::Load(Box::new(error))
    }
}

impl From<VectorProblem> for LifeProblem {
    fn from(problem: VectorProblem) -> Self {
        Self::Vector(Box::new(problem))
    }
}
