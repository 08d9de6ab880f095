//! Which version is meant: its number, or the beginning of its digest.

use anyhow::{anyhow, bail};
use serde_json::Value;

use crate::commands::members::text;

/// A kept version.
///
/// # Errors
/// If there is none, or several; names those that there are.
pub(super) fn kept(plugin: &Value, wanted: &str) -> anyhow::Result<String> {
    one_of(plugin, &entries(plugin, "versions"), wanted)
}

/// A version that waits or is in quarantine: the one that waits if none is named.
///
/// # Errors
/// If there is none, or several.
pub(super) fn to_approve(plugin: &Value, wanted: Option<&str>) -> anyhow::Result<String> {
    let waiting: Vec<_> = ["pending", "quarantine"]
        .iter()
        .flat_map(|member| entries(plugin, member))
        .filter(|it| it.get("digest").is_some_and(Value::is_string))
        .collect();
    if let Some(wanted) = wanted {
        return one_of(plugin, &waiting, wanted);
    }
    let mut digests: Vec<_> = waiting.iter().map(|it| text(it, "digest")).collect();
    digests.sort();
    digests.dedup();
    match digests.as_slice() {
        [digest] => Ok(digest.clone()),
        [] => bail!(
            "nothing of {:?} waits for an approval; `patchbay plugin show` says what it is doing",
            text(plugin, "name")
        ),
        _ => bail!("several versions wait; name one of {}", listed(&waiting)),
    }
}

fn one_of(plugin: &Value, versions: &[&Value], wanted: &str) -> anyhow::Result<String> {
    let digits = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let is_digest = digits.len() >= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let is_meant = |version: &&&Value| {
        let digest = text(version, "digest");
        let digest = digest.strip_prefix("sha256:").unwrap_or(&digest);
        text(version, "version") == wanted || is_digest && digest.starts_with(digits)
    };
    let found: Vec<_> = versions.iter().filter(is_meant).copied().collect();
    let mut digests: Vec<_> = found.iter().map(|it| text(it, "digest")).collect();
    digests.sort();
    digests.dedup();
    match digests.as_slice() {
        [digest] => Ok(digest.clone()),
        [] if versions.is_empty() => {
            Err(anyhow!("there is no such version of {:?}; install it first", text(plugin, "name")))
        }
        [] => Err(anyhow!("there is no version {wanted:?}; name one of {}", listed(versions))),
        _ => Err(anyhow!(
            "{wanted:?} can be several versions; name one by its digest: {}",
            listed(&found)
        )),
    }
}

fn listed(versions: &[&Value]) -> String {
    let one =
        |it: &&Value| format!("{} ({})", text(it, "version"), super::shown::short(it, "digest"));
    versions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The elements of a list.
pub(super) fn entries<'v>(document: &'v Value, member: &str) -> Vec<&'v Value> {
    document.get(member).and_then(Value::as_array).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(first: &str) -> String {
        format!("sha256:{first}{}", "0".repeat(64 - first.len()))
    }

    #[test]
    fn a_version_is_named_by_its_number_or_the_beginning_of_its_digest() {
        let plugin = json!({"name": "x", "versions": [
            {"version": "1.0.0", "digest": digest("aaaaaa1")},
            {"version": "1.1.0", "digest": digest("aaaaaa2")},
            {"version": "1.1.0", "digest": digest("bbbbbb")},
        ]});
        for (wanted, expected) in [
            ("1.0.0", Some("aaaaaa1")),
            ("bbbbbb", Some("bbbbbb")),
            ("sha256:aaaaaa2", Some("aaaaaa2")),
            ("aaaaaa", None),
            ("1.1.0", None),
            ("bbbbb", None),
            ("2.0.0", None),
        ] {
            assert_eq!(kept(&plugin, wanted).ok(), expected.map(digest), "{wanted}");
        }
        let several = kept(&plugin, "1.1.0").unwrap_err().to_string();
        assert!(several.contains("; ") && several.contains("bbbbbb"), "{several}");
    }

    #[test]
    fn what_waits_is_approved_without_a_name() {
        let waiting = json!({"version": "2", "digest": digest("cccccc")});
        for (pending, quarantine, good) in [
            (json!([waiting]), json!([]), true),
            (json!([]), json!([waiting]), true),
            (json!([waiting]), json!([waiting]), true),
            (json!([{"digest": null}]), json!([]), false),
            (json!([waiting]), json!([{"version": "1", "digest": digest("dddddd")}]), false),
        ] {
            let plugin = json!({"name": "x", "pending": pending, "quarantine": quarantine});
            let expected = good.then(|| digest("cccccc"));
            assert_eq!(to_approve(&plugin, None).ok(), expected, "{plugin}");
        }
    }
}
