//! Why the life of plugins refuses something, for operators.

use administration::{PluginProblem, PluginProblemSort as Sort};
use plugin_runtime::LifeProblem;

/// Sorted, with the member at fault.
pub(super) fn refused(problem: &LifeProblem) -> PluginProblem {
    let (sort, path) = sorted(problem);
    PluginProblem::of(sort, path, &problem.to_string())
}

fn sorted(problem: &LifeProblem) -> (Sort, &'static str) {
    use LifeProblem as P;
    match problem {
        P::Unknown(_) => (Sort::Unknown, ""),
        P::OutOfBounds { what, .. } => (Sort::Invalid, what),
        P::UnknownVersion(_) => (Sort::Conflict, "digest"),
        P::Held { .. }
        | P::NeedsApproval { .. }
        | P::NothingBefore(_)
        | P::NoCanaryRuns(_)
        | P::NothingPending(_)
        | P::Unsettled
        | P::TooManyFiles { .. }
        | P::InUse(_) => (Sort::Conflict, ""),
        P::NoCanary { member } => (Sort::Refused, member),
        P::NoSignature | P::SignatureMalformed | P::NotSigned => {
            (Sort::Refused, "x-patchbay-signature")
        }
        P::NotAFile
        | P::TooLarge { .. }
        | P::NobodyTrusted
        | P::Load(_)
        | P::Vector(_)
        | P::Quarantined { .. }
        | P::OtherPlugin { .. }
        | P::Spoilt(_)
        | P::ProofTooLong(_) => (Sort::Refused, ""),
        P::Unreadable(_)
        | P::Write { .. }
        | P::State { .. }
        | P::Busy
        | P::Stopped
        | P::Thread(_) => (Sort::Unavailable, ""),
    }
}
