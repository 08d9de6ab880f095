//! Deletes what killed gateways left behind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::Cluster;
use crate::manifest::{EXPIRES, INSTANCE_LABEL};
use crate::order::seconds_since_1970;
use crate::problem::CallProblem;
use crate::settings::KubernetesSettings;

/// Deletes what has no gateway any more: what this gateway left in a former life, where it has a
/// name, and what is so long over that its gateway cannot be there. `born` is a name that was made
/// before those of all runs of this life. Answers how many Jobs and Secrets there were.
///
/// # Errors
/// The first call that failed; the others were tried.
pub(crate) async fn sweep(
    cluster: &Cluster,
    settings: &KubernetesSettings,
    born: &str,
) -> Result<usize, CallProblem> {
    let created = cluster.list_created().await?;
    let instance = settings.instance.as_deref();
    let life = Life { instance, born, now: seconds_since_1970() };
    let is_left = |one: &ObjectMeta| life.is_left_behind(one);
    let names = |all: Vec<ObjectMeta>| {
        let left = all.into_iter().filter(is_left);
        left.filter_map(|one| one.name).collect::<Vec<_>>()
    };
    let (jobs, secrets) = (names(created.jobs), names(created.secrets));
    let mut answers = Vec::new();
    for name in &jobs {
        answers.push(cluster.delete_job(name).await);
    }
    for name in &secrets {
        answers.push(cluster.delete_secret(name).await);
    }
    let problems = answers.into_iter().filter_map(Result::err);
    let first = problems.filter(|problem| !problem.is_absent()).last();
    first.map_or(Ok(jobs.len() + secrets.len()), Err)
}

/// One life of a gateway.
struct Life<'a> {
    instance: Option<&'a str>,
    born: &'a str,
    now: u64,
}

impl Life<'_> {
    fn is_left_behind(&self, one: &ObjectMeta) -> bool {
        let label = one.labels.as_ref().and_then(|labels| labels.get(INSTANCE_LABEL));
        let expires = one.annotations.as_ref().and_then(|all| all.get(EXPIRES));
        let expires = expires.and_then(|text| text.parse::<u64>().ok());
        // Names are in the order of their making.
        let is_older = one.name.as_deref().is_some_and(|name| name < self.born);
        let is_ours = self.instance.is_some() && label.map(String::as_str) == self.instance;
        // Without the annotation it is not a gateway's, whatever its labels say.
        expires.is_some_and(|moment| (is_ours && is_older) || moment < self.now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn created(name: &str, instance: Option<&str>, expires: Option<&str>) -> ObjectMeta {
        let map = |key: &str, value: Option<&str>| {
            value.map(|value| BTreeMap::from([(key.to_owned(), value.to_owned())]))
        };
        ObjectMeta {
            name: Some(name.to_owned()),
            labels: map(INSTANCE_LABEL, instance),
            annotations: map(EXPIRES, expires),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn only_what_has_no_gateway_any_more_is_left_behind() {
        let cases = [
            // Of this gateway, before its start and after it.
            ("1", Some("a"), Some("2000"), Some("a"), true),
            ("3", Some("a"), Some("2000"), Some("a"), false),
            // Of another one, which may live.
            ("1", Some("b"), Some("2000"), Some("a"), false),
            ("1", None, Some("2000"), Some("a"), false),
            ("1", None, Some("2000"), None, false),
            // Over, whose ever it was.
            ("1", Some("b"), Some("999"), Some("a"), true),
            ("3", None, Some("999"), None, true),
            // Not a gateway's.
            ("1", Some("a"), None, Some("a"), false),
            ("1", Some("a"), Some("soon"), Some("a"), false),
        ];
        for (name, label, expires, instance, left) in cases {
            let life = Life { instance, born: "2", now: 1000 };
            let one = created(name, label, expires);
            assert_eq!(life.is_left_behind(&one), left, "{name} {label:?} {expires:?}");
        }
    }
}
