//! `[sandbox.kubernetes]`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use kubernetes::{ClusterAccess, KubernetesSettings, PodToleration};
use resources::{Element, Fields, Member};
use thiserror::Error;

use super::text::FilledText;

/// `[sandbox]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SandboxSettings {
    /// `kubernetes`: the cluster in which the driver of that name runs programs.
    pub(crate) kubernetes: Option<KubernetesSettings>,
}

impl SandboxSettings {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self { kubernetes: fields.member("kubernetes").table(kubernetes) })
    }
}

fn kubernetes(fields: &mut Fields<'_, '_>) -> Option<KubernetesSettings> {
    let access = access(fields);
    let namespace = fields.member("namespace").required("name the namespace for programs");
    let namespace = namespace.parsed().map(|DnsName(name)| name);
    let image = fields.member("image").required("name the image that the programs are in");
    let image = image.parsed().map(|FilledText(image)| image);
    let mut name = |member| fields.member(member).parsed().map(|DnsName(name)| name);
    let (service_account, runtime_class) = (name("service_account"), name("runtime_class"));
    let instance = fields.member("instance").parsed().map(|LabelValue(name)| name);
    let node_selector = labels(fields.member("node_selector"));
    let labels = labels(fields.member("labels"));
    let tolerations = fields.member("tolerations").list(|element| element.table(toleration));
    let pull_secrets = fields.member("image_pull_secrets").list(|element| element.parsed());
    let cpu_millis = fields.member("cpu_millis").integer(1..=1_000_000);
    let start_timeout = fields.member("start_timeout_ms").integer(1000..=3_600_000);
    let network_denied = fields.member("network_denied").boolean();
    let split_logs = fields.member("split_logs").boolean();
    let default = KubernetesSettings::new(access, namespace?, image?);
    Some(KubernetesSettings {
        instance,
        service_account,
        runtime_class,
        node_selector,
        tolerations: tolerations.unwrap_or_default(),
        image_pull_secrets: pull_secrets
            .map(|names| names.into_iter().map(|DnsName(name)| name).collect())
            .unwrap_or_default(),
        labels,
        cpu_millis: cpu_millis.and_then(|it| it.try_into().ok()).unwrap_or(default.cpu_millis),
        start_timeout: start_timeout.map_or(default.start_timeout, Duration::from_millis),
        network_denied: network_denied.unwrap_or(default.network_denied),
        split_logs: split_logs.unwrap_or(default.split_logs),
        ..default
    })
}

fn access(fields: &mut Fields<'_, '_>) -> ClusterAccess {
    let path = fields.member("kubeconfig").parsed().map(|FilledText(path)| PathBuf::from(path));
    let context = fields.member("context").parsed().map(|FilledText(context)| context);
    match path {
        Some(path) => ClusterAccess::Kubeconfig { path, context },
        None => {
            if context.is_some() {
                fields.report(
                    Some("context"),
                    "is of no kubeconfig",
                    "name the file with kubeconfig, or leave the context out",
                );
            }
            ClusterAccess::InCluster
        }
    }
}

fn toleration(fields: &mut Fields<'_, '_>) -> Option<PodToleration> {
    let key = fields.member("key").parsed().map(|LabelKey(key)| key);
    let value = fields.member("value").parsed().map(|LabelValue(value)| value);
    let effect = fields.member("effect").choice(&[
        ("NoSchedule", "NoSchedule"),
        ("PreferNoSchedule", "PreferNoSchedule"),
        ("NoExecute", "NoExecute"),
    ]);
    if key.is_none() && value.is_some() {
        fields.report(Some("value"), "is of no key", "name the taint with key");
        return None;
    }
    Some(PodToleration { key, value, effect: effect.map(str::to_owned) })
}

fn labels(member: Member<'_, '_>) -> BTreeMap<String, String> {
    member.entries(label).unwrap_or_default().into_iter().collect()
}

fn label(key: &str, element: Element<'_, '_>) -> Option<(String, String)> {
    if let Err(problem) = key.parse::<LabelKey>() {
        let text = problem.to_string();
        let (message, fix) = text.split_once("; ").unwrap_or((&text, "correct it"));
        element.problems.report(element.path, message, fix);
        return None;
    }
    let LabelValue(value) = element.parsed()?;
    Some((key.to_owned(), value))
}

/// A text that Kubernetes does not take.
#[derive(Debug, Error)]
enum NameProblem {
    #[error(
        "is no name of Kubernetes; use lower-case letters, digits, \"-\" and \".\", with a letter \
         or a digit at both ends"
    )]
    Name,
    #[error(
        "is no value of a label; use up to 63 letters, digits, \"-\", \"_\" and \".\", with a \
         letter or a digit at both ends"
    )]
    Value,
    #[error("is no key of a label; write it like \"team\" or \"example.com/team\"")]
    Key,
}

/// A DNS subdomain (RFC 1123).
#[derive(Debug)]
struct DnsName(String);

impl FromStr for DnsName {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let parts = || text.split('.').all(|part| has_ends(part, is_inner, b"-"));
        if text.len() <= 253 && parts() {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameProblem::Name)
        }
    }
}

#[derive(Debug)]
struct LabelValue(String);

impl FromStr for LabelValue {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_value = text.len() <= 63 && has_ends(text, |b| b.is_ascii_alphanumeric(), b"-_.");
        if is_value { Ok(Self(text.to_owned())) } else { Err(NameProblem::Value) }
    }
}

#[derive(Debug)]
struct LabelKey(String);

impl FromStr for LabelKey {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (prefix, name) = text.split_once('/').map_or((None, text), |(p, n)| (Some(p), n));
        let has_prefix = prefix.is_none_or(|prefix| prefix.parse::<DnsName>().is_ok());
        if has_prefix && name.parse::<LabelValue>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameProblem::Key)
        }
    }
}

/// Whether a text is of such bytes, others within it, and not empty.
fn has_ends(text: &str, is_end: impl Fn(u8) -> bool, others: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|byte| is_end(*byte)))
        && bytes.iter().all(|byte| is_end(*byte) || others.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for text in ["a", "programs", "a-b.c-1"] {
            assert!(text.parse::<DnsName>().is_ok(), "{text}");
        }
        for text in ["", "A", "-a", "a-", "a..b", "a_b", "é"] {
            assert!(text.parse::<DnsName>().is_err(), "{text}");
        }
        for text in ["team", "example.com/team", "app.kubernetes.io/name", "A_b.c"] {
            assert!(text.parse::<LabelKey>().is_ok(), "{text}");
        }
        for text in ["", "/team", "a/b/c", "Example.com/a", "-a", "a b"] {
            assert!(text.parse::<LabelKey>().is_err(), "{text}");
        }
        assert!("x".repeat(63).parse::<LabelValue>().is_ok());
        assert!("x".repeat(64).parse::<LabelValue>().is_err());
    }
}
