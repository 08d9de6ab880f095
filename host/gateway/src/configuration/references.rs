//! References in texts that are no secrets.
//!
//! Secrets stay unresolved, and so do settings: plugins see those.

use resources::{Problems, element_path, member_path};
use secrecy::ExposeSecret as _;
use secrets::{Sources, Template};
use serde_json::{Map, Value};

/// Replaces the references. One that leads nowhere is reported and stays.
pub(crate) fn resolve(tree: &mut Map<String, Value>, sources: &Sources, problems: &mut Problems) {
    let mut walk = Walk { sources, problems };
    walk.members(tree, "");
}

/// Whether the member at a path stays unresolved and is never shown.
pub(crate) fn is_secret(path: &str) -> bool {
    let element = |list: &str| {
        let rest = path.strip_prefix(list)?.strip_prefix('[')?;
        rest.split_once("].").map(|(_, member)| member)
    };
    path == "admin.jwt_secret"
        || element("api_keys").is_some_and(|member| member == "key")
        || element("providers").is_some_and(|member| matches!(member, "credentials" | "settings"))
}

struct Walk<'a> {
    sources: &'a Sources,
    problems: &'a mut Problems,
}

impl Walk<'_> {
    fn members(&mut self, members: &mut Map<String, Value>, path: &str) {
        for (name, value) in members {
            self.value(value, &member_path(path, name));
        }
    }

    fn value(&mut self, value: &mut Value, path: &str) {
        if is_secret(path) {
            return;
        }
        match value {
            Value::String(text) if text.contains("${") => self.text(text, path),
            Value::Array(elements) => {
                for (index, element) in elements.iter_mut().enumerate() {
                    self.value(element, &element_path(path, index));
                }
            }
            Value::Object(members) => self.members(members, path),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &mut String, path: &str) {
        match look_up(text, self.sources) {
            Ok(resolved) => *text = resolved,
            Err(reason) => {
                let (message, fix) = reason.split_once("; ").unwrap_or((&reason, "correct it"));
                self.problems.report(path, message, fix);
            }
        }
    }
}

fn look_up(text: &str, sources: &Sources) -> Result<String, String> {
    let template: Template = text.parse().map_err(|it: secrets::TemplateProblem| it.to_string())?;
    let resolved = sources.resolve(&template).map_err(|problem| problem.to_string())?;
    Ok(resolved.expose_secret().to_owned())
}
