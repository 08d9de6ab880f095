//! `[plugins]`

use std::collections::BTreeMap;
use std::path::PathBuf;

use resources::{Element, Fields, PluginName};

use super::text::FilledText;

/// `[plugins]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PluginSettings {
    /// `directory`: where installed plugins are; data/plugins.
    pub(crate) directory: PathBuf,
    /// `trust`: which of them are loaded; none until the operator chooses.
    pub(crate) trust: Option<Trust>,
    /// `max_instances`: most instances of all plugins at once; the runtime's standard if absent.
    pub(crate) max_instances: Option<u32>,
    /// `max_memory_bytes`: most memory of all instances together; likewise.
    pub(crate) max_memory_bytes: Option<u64>,
    /// `grants.NAME`: what a plugin may have beyond the default.
    pub(crate) grants: BTreeMap<PluginName, PluginGrant>,
}

/// `trust`: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// `{ unsigned = true }`: every plugin in the directory.
    Unsigned,
    /// `{ signers = ["…"] }`: those that one of these keys has signed.
    Signers(Vec<String>),
}

/// `[plugins.grants.NAME]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PluginGrant {
    /// `isolation`
    pub(crate) isolation: Isolation,
    /// `sockets`
    pub(crate) sockets: SocketImports,
}

/// How many exchanges an instance serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// `"fresh"`: one.
    #[default]
    Fresh,
    /// `"reuse"`: many, for guests that are dear to start.
    Reuse,
}

/// What happens to a plugin that imports sockets, which it can never use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SocketImports {
    /// `"refused"`: it is not loaded.
    #[default]
    Refused,
    /// `"inert"`: it is loaded, and every use of a socket fails.
    Inert,
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/plugins"),
            trust: None,
            max_instances: None,
            max_memory_bytes: None,
            grants: BTreeMap::new(),
        }
    }
}

impl PluginSettings {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let directory = fields.member("directory").parsed();
        let trust = fields.member("trust").table(Trust::read);
        let max_instances = fields.member("max_instances").integer(1..=100_000);
        let max_memory_bytes = fields.member("max_memory_bytes").integer(1 << 24..=1 << 40);
        let grants = fields.member("grants").entries(read_grant);
        Some(Self {
            directory: directory.map_or(default.directory, |FilledText(path)| path.into()),
            trust,
            max_instances: max_instances.and_then(|number| u32::try_from(number).ok()),
            max_memory_bytes,
            grants: grants.unwrap_or_default().into_iter().collect(),
        })
    }
}

impl Trust {
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        const FIX: &str = "write { unsigned = true } or { signers = [\"…\"] }";
        let unsigned = fields.member("unsigned").boolean().unwrap_or_default();
        let signers = fields.member("signers").list(|element| element.parsed());
        let signers = signers.map(|keys| keys.into_iter().map(|FilledText(key)| key).collect());
        match (unsigned, signers) {
            (true, None) => return Some(Self::Unsigned),
            (false, Some(signers)) => {
                let signers: Vec<String> = signers;
                if !signers.is_empty() {
                    return Some(Self::Signers(signers));
                }
                fields.report(Some("signers"), "is empty", FIX);
            }
            (true, Some(_)) => fields.report(None, "trusts both unsigned plugins and signers", FIX),
            (false, None) => fields.report(None, "trusts nobody", FIX),
        }
        None
    }
}

fn read_grant(name: &str, element: Element<'_, '_>) -> Option<(PluginName, PluginGrant)> {
    let name = match name.parse::<PluginName>() {
        Ok(name) => name,
        Err(problem) => {
            let fix = format!("use {}", problem.rule);
            element.problems.report(element.path, "plugin name is not well-formed", fix);
            return None;
        }
    };
    element.table(|fields| {
        let isolation = fields
            .member("isolation")
            .choice(&[("fresh", Isolation::Fresh), ("reuse", Isolation::Reuse)]);
        let sockets = fields
            .member("sockets")
            .choice(&[("refused", SocketImports::Refused), ("inert", SocketImports::Inert)]);
        let grant = PluginGrant {
            isolation: isolation.unwrap_or_default(),
            sockets: sockets.unwrap_or_default(),
        };
        Some((name, grant))
    })
}
