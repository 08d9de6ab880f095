//! What the end of a program means to the caller.

use std::time::Duration;

use crate::failure::Failure;
use crate::failure::kind::FailureKind;

/// Exit codes by which shells say that a command was not run (POSIX, `sh`, "Exit status").
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// The failure of an exit code; `None` is a good end.
pub fn exit_failure(code: i32) -> Option<Failure> {
    let (kind, message) = match code {
        0 => return None,
        NOT_EXECUTABLE => (
            FailureKind::ProviderMisconfigured,
            "the provider's program exited with status 126: what it was to run is not executable; \
             check the provider's settings"
                .to_owned(),
        ),
        NOT_FOUND => (
            FailureKind::ProviderMisconfigured,
            "the provider's program exited with status 127: what it was to run was not found; \
             check the provider's settings"
                .to_owned(),
        ),
        code => (
            FailureKind::UpstreamError,
            format!("the provider's program exited with status {code}"),
        ),
    };
    Some(Failure::new(kind, message))
}

/// The failure of a program that wrote more than it may.
pub fn output_failure(max_bytes: u64) -> Failure {
    Failure::new(
        FailureKind::UpstreamError,
        format!("the provider's program wrote more than the {max_bytes} bytes allowed"),
    )
}

/// The failure of a deadline that has passed, by the operator's name for it.
pub fn timeout_failure(name: &str, length: Duration) -> Failure {
    Failure::new(
        FailureKind::UpstreamTimeout,
        format!("the provider did not answer in time: its {name} timeout of {length:?} passed"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_but_zero_is_a_failure_that_names_it() {
        assert!(exit_failure(0).is_none());
        let cases = [
            (3, FailureKind::UpstreamError, "status 3"),
            (126, FailureKind::ProviderMisconfigured, "status 126"),
            (127, FailureKind::ProviderMisconfigured, "status 127"),
        ];
        for (code, kind, words) in cases {
            let failure = exit_failure(code).unwrap();
            assert_eq!(failure.kind(), kind, "{failure}");
            assert!(failure.message().contains(words), "{failure}");
        }
    }
}
