//! The life of installed plugins: from a file in a watched directory to a generation that serves,
//! and back when it turns out bad.
//!
//! Owns the steps, in order: *capture* a whole file, *trust* its signature, *inspect* it and
//! compare what it asks for with what was approved, *compile* it, *prove* it with its own
//! self-test vectors, *switch* the table, *watch* its first calls. One thread does all of it
//! ([`PluginLife`]); nothing here runs on a task's thread.
//!
//! Promises:
//! * A plugin that fails a step changes nothing: the one before serves on, and the reason is
//!   shown with its step ([`Pending`]).
//! * A plugin whose first calls fail goes back to the last good one by itself, and its digest is
//!   quarantined until an operator approves it, across restarts.
//! * A plugin that asks for more than was approved waits for an operator. The first installation
//!   of a name is approved as it is, by the trust policy; so is what the operator's grant to that
//!   name allows. What was approved is remembered when the file goes away.
//! * An operator's action goes through the very same steps: an upload is written into the
//!   directory, a version of old is taken from the archive and proved anew.
//! * The state on disk is whole at any moment: a crash in any step leaves a directory from which
//!   the gateway starts with the new version or the one before.
//!
//! Deliberately not here: who may do what (administration), and fetching plugins from anywhere.

mod archive;
mod asks;
mod capture;
mod draining;
mod events;
mod examine;
mod handle;
mod keeper;
mod notice;
mod problem;
mod record;
mod settings;
mod share;
mod trial;
mod trust;
mod vectors;
mod views;
mod worker;

#[cfg(test)]
mod tests;

pub use asks::{Asks, Widening};
pub use events::{Event, EventKind};
pub use examine::{Examined, examine};
pub use handle::PluginLife;
pub use keeper::{Upload, Uploaded};
pub use problem::LifeProblem;
pub use settings::{LifeLimits, LifeSettings, Notices};
pub use share::{AutoRule, CanaryPlan, Rollout};
pub use trial::TrialRule;
pub use trust::{Signer, SignerProblem, TrustPolicy};
pub use vectors::{Divergence, VectorProblem, replay};
pub use views::{
    CanaryView, Figures, GenerationView, LifeView, Pending, Phase, PluginView, QuarantineView,
    VersionView,
};
