//! What programs of providers are kept in, as operators see it.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// What programs of providers are kept in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgramsView {
    /// The sandboxes that are used: first that of providers that demand none.
    pub sandboxes: Vec<SandboxView>,
    /// Providers that are programs, by id.
    pub providers: Vec<ProgramProviderView>,
}

/// A sandbox, as it works on this system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SandboxView {
    /// Its driver.
    #[schema(example = "native")]
    pub driver: String,
    /// The layers that work.
    pub layers: Vec<String>,
    /// The layers that do not, and why.
    pub missing: Vec<MissingLayerView>,
}

/// A layer that does not work here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MissingLayerView {
    /// Which.
    #[schema(example = "memory-group")]
    pub layer: String,
    /// Why.
    pub reason: String,
}

/// A provider that is a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgramProviderView {
    /// Which.
    pub id: String,
    /// The driver of its sandbox.
    #[schema(example = "native")]
    pub driver: String,
}

/// For readiness: the driver, its layers, and what is missing.
impl fmt::Display for SandboxView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sandbox {}: {}", self.driver, self.layers.join(", "))?;
        for MissingLayerView { layer, reason } in &self.missing {
            write!(f, "; without {layer}: {reason}")?;
        }
        Ok(())
    }
}

/// For readiness.
impl fmt::Display for ProgramProviderView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs in {}", self.id, self.driver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_said_in_one_line() {
        let missing = MissingLayerView {
            layer: "landlock".to_owned(),
            reason: "the kernel is older".to_owned(),
        };
        let sandbox = SandboxView {
            driver: "native".to_owned(),
            layers: vec!["user".to_owned(), "network".to_owned()],
            missing: vec![missing],
        };
        assert_eq!(
            sandbox.to_string(),
            "sandbox native: user, network; without landlock: the kernel is older"
        );
    }
}
