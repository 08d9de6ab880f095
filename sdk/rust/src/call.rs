//! What the host says of one attempt, and the provider's settings in it.

use serde::Deserialize;

use crate::bindings::types::Call;
use crate::failure::Failure;

impl Call {
    /// Reads the provider's settings into a type of the plugin's own.
    ///
    /// ```
    /// # let mut call = patchbay_sdk::testing::chat("any");
    /// # call.settings = r#"{"region": "north"}"#.into();
    /// #[derive(serde::Deserialize)]
    /// struct Settings { region: String }
    ///
    /// let settings: Settings = call.settings()?;
    /// assert_eq!(settings.region, "north");
    /// # Ok::<(), patchbay_sdk::Failure>(())
    /// ```
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the member that does not fit.
    pub fn settings<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        Settings::new(&self.settings).read()
    }
}

/// A provider's settings, where there is no call: a JSON object as text.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a>(&'a str);

impl<'a> Settings<'a> {
    /// Takes the text as it crossed the border. Empty text is an empty object.
    #[must_use]
    pub fn new(json: &'a str) -> Self {
        Self(if json.trim().is_empty() { "{}" } else { json })
    }

    /// Reads the settings into a type of the plugin's own.
    ///
    /// # Errors
    /// `provider-misconfigured`, naming the member that does not fit.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, Failure> {
        let mut json = serde_json::Deserializer::from_str(self.0);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let member = match path.as_str() {
                "." => "settings".to_owned(),
                path => format!("settings.{path}"),
            };
            let reason = error.inner().to_string();
            Failure::misconfigured(&member, without_position(&reason))
        })
    }
}

/// Cuts serde_json's " at line 1 column 2": an operator does not write this text by hand.
fn without_position(reason: &str) -> &str {
    reason.rfind(" at line ").and_then(|at| reason.get(..at)).unwrap_or(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code, reason = "only the error is looked at")]
        limits: Limits,
    }

    #[derive(Debug, Deserialize)]
    struct Limits {
        #[allow(dead_code, reason = "only the error is looked at")]
        depth: u8,
    }

    #[test]
    fn a_setting_that_does_not_fit_is_named() {
        let cases = [
            (r#"{"limits": {"depth": "x"}}"#, "settings.limits.depth"),
            (r#"{"limits": {}}"#, "settings.limits"),
            (r#"{"limit": {}}"#, "settings.limit"),
            ("[", "settings"),
            ("", "settings"),
        ];
        for (json, member) in cases {
            let failure = Settings::new(json).read::<Sample>().unwrap_err();
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured, "{json}");
            assert_eq!(failure.param(), Some(member), "{json}");
            assert!(failure.message().contains(member), "{failure:?}");
            assert!(!failure.message().contains(" at line "), "{failure:?}");
        }
    }

    #[test]
    fn empty_settings_are_an_empty_object() {
        #[derive(Deserialize)]
        struct Nothing {}
        assert!(Settings::new("").read::<Nothing>().is_ok());
    }
}
