//! What a plugin asks for, and whether that is more than was approved.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::load::Candidate;
use crate::manifest::Manifest;

/// What a plugin may do to the world outside of its answers, as its manifest and its imports say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asks {
    /// `normalizer`, `http-adapter` or `process-adapter`.
    pub kind: String,
    /// Interfaces that it imports beyond the contract's, without version: `wasi:io/streams`.
    pub imports: BTreeSet<String>,
    /// Each slot with each use: `api_key as bearer`.
    pub credentials: BTreeSet<String>,
    /// The dialect that it speaks.
    pub dialect: Option<String>,
    /// Operations that it takes from providers.
    pub operations: BTreeSet<String>,
    /// Paths at which callers speak to it.
    pub endpoints: BTreeSet<String>,
    /// Where its presets send requests and credentials: `groq at https://…`.
    pub presets: BTreeSet<String>,
    /// Linear memory of one instance; the gateway's standard if absent.
    pub memory_bytes: Option<u64>,
    /// Wall time of one call; the gateway's standard if absent.
    pub call_ms: Option<u64>,
}

/// One thing that was not approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Widening {
    /// Member of [`Asks`].
    pub member: &'static str,
    /// What is asked for.
    pub asked: String,
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.member, self.asked)
    }
}

impl Asks {
    pub(super) fn of(candidate: &Candidate) -> Self {
        let manifest: &Manifest = candidate.manifest();
        let foreign = candidate.imports().iter().filter(|it| !it.starts_with("patchbay:plugin/"));
        let slots = manifest.credentials.iter();
        let uses = slots.flat_map(|slot| slot.uses.iter().map(move |used| (&slot.slot, used)));
        let dialect = manifest.dialect.as_ref();
        let operations = dialect.iter().flat_map(|it| &it.operations);
        let presets = manifest.adapter.iter().flat_map(|it| &it.presets);
        Self {
            kind: manifest.kind.to_string(),
            imports: foreign
                .map(|name| name.split_once('@').map_or(&**name, |(interface, _)| interface))
                .map(Into::into)
                .collect(),
            credentials: uses.map(|(slot, used)| format!("{slot} as {used}")).collect(),
            dialect: dialect.map(|it| it.name.clone()),
            operations: operations.map(|it| it.as_str().into()).collect(),
            endpoints: dialect.iter().flat_map(|it| it.endpoints.clone()).collect(),
            presets: presets
                .filter_map(|(name, preset)| Some((name, preset.base_url.as_ref()?)))
                .map(|(name, url)| format!("{name} at {url}"))
                .collect(),
            memory_bytes: manifest.limits.memory_bytes,
            call_ms: manifest.limits.call_ms,
        }
    }

    /// What goes beyond `approved`. Less is always approved.
    #[must_use]
    pub fn wider_than(&self, approved: &Self) -> Vec<Widening> {
        let mut wider = Vec::new();
        let mut add = |member, asked: String| wider.push(Widening { member, asked });
        if self.kind != approved.kind {
            add("kind", self.kind.clone());
        }
        if let Some(dialect) = self.dialect.as_ref().filter(|_| self.dialect != approved.dialect) {
            add("dialect", dialect.clone());
        }
        for (member, asked, known) in [
            ("imports", &self.imports, &approved.imports),
            ("credentials", &self.credentials, &approved.credentials),
            ("operations", &self.operations, &approved.operations),
            ("endpoints", &self.endpoints, &approved.endpoints),
            ("presets", &self.presets, &approved.presets),
        ] {
            asked.difference(known).for_each(|it| add(member, it.clone()));
        }
        for (member, asked, known) in [
            ("memory_bytes", self.memory_bytes, approved.memory_bytes),
            ("call_ms", self.call_ms, approved.call_ms),
        ] {
            // The gateway's standard is the most there is.
            if asked.unwrap_or(u64::MAX) > known.unwrap_or(u64::MAX) {
                add(member, asked.map_or("the gateway's standard".into(), |it| it.to_string()));
            }
        }
        wider
    }

    /// What is approved when this is, too.
    pub(super) fn approved_with(&self, before: &Self) -> Self {
        let both = |one: &BTreeSet<String>, other: &BTreeSet<String>| one | other;
        let most = |one: Option<u64>, other: Option<u64>| Some(one?.max(other?));
        Self {
            kind: self.kind.clone(),
            imports: both(&self.imports, &before.imports),
            credentials: both(&self.credentials, &before.credentials),
            dialect: self.dialect.clone(),
            operations: both(&self.operations, &before.operations),
            endpoints: both(&self.endpoints, &before.endpoints),
            presets: both(&self.presets, &before.presets),
            memory_bytes: most(self.memory_bytes, before.memory_bytes),
            call_ms: most(self.call_ms, before.call_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|it| (*it).to_owned()).collect()
    }

    fn asks() -> Asks {
        Asks {
            kind: "http-adapter".into(),
            credentials: set(&["api_key as bearer"]),
            memory_bytes: Some(100),
            ..Asks::default()
        }
    }

    #[test]
    fn more_of_anything_is_wider_and_less_is_not() {
        type Change = fn(&mut Asks);
        let changes: [(&str, Change); 9] = [
            ("kind", |it| it.kind = "process-adapter".into()),
            ("imports", |it| it.imports = set(&["wasi:io/streams"])),
            ("credentials", |it| it.credentials = set(&["api_key as query:key"])),
            ("dialect", |it| it.dialect = Some("other".into())),
            ("operations", |it| it.operations = set(&["chat"])),
            ("endpoints", |it| it.endpoints = set(&["POST /v1/x"])),
            ("presets", |it| it.presets = set(&["x at https://x"])),
            ("memory_bytes", |it| it.memory_bytes = None),
            ("call_ms", |it| it.memory_bytes = Some(101)),
        ];
        for (member, change) in changes {
            let mut more = asks();
            change(&mut more);
            let found = more.wider_than(&asks());
            let expected = if member == "call_ms" { "memory_bytes" } else { member };
            assert_eq!(found.iter().map(|it| it.member).collect::<Vec<_>>(), [expected]);
            assert!(more.wider_than(&more.approved_with(&asks())).is_empty(), "{member}");
        }
        let less = Asks { kind: "http-adapter".into(), call_ms: Some(5), ..asks() };
        let less = Asks { credentials: BTreeSet::new(), memory_bytes: Some(1), ..less };
        assert!(less.wider_than(&asks()).is_empty());
    }
}
