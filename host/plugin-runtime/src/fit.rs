//! Whether a component's imports and exports fit the contract: names alone, before compiling.

use crate::grant::{Grant, SocketImports};
use crate::load_error::LoadError;
use crate::manifest::PluginKind;
use crate::state::WasiWorld;

const CONTRACT_PACKAGE: &str = "patchbay:plugin/";
const CONTRACT_VERSION: &str = "0.1.";
const WASI_VERSION: &str = "0.2.";
/// What the empty world has; sockets only where granted.
const WASI_PACKAGES: [&str; 5] = ["cli", "clocks", "filesystem", "io", "random"];

/// What a component exports of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) kind: Option<PluginKind>,
    /// A normalizer's side towards providers.
    pub(crate) egress: bool,
    /// A normalizer's side towards callers.
    pub(crate) ingress: bool,
}

/// What a component is, by what it exports.
///
/// # Errors
/// If it exports nothing that this gateway can use.
pub(crate) fn exported(exports: &[String]) -> Result<(PluginKind, Exported), LoadError> {
    let mut found = Exported::default();
    for export in exports {
        let Some((interface, version)) = split_name(export, CONTRACT_PACKAGE) else {
            continue;
        };
        let kind = match interface {
            "egress" | "ingress" => PluginKind::Normalizer,
            "http-adapter" => PluginKind::HttpAdapter,
            "process-adapter" => PluginKind::ProcessAdapter,
            _ => continue,
        };
        if !version.starts_with(CONTRACT_VERSION) {
            return Err(LoadError::ContractVersion(export.clone()));
        }
        found.egress |= interface == "egress";
        found.ingress |= interface == "ingress";
        found.kind.get_or_insert(kind);
    }
    if let Some(kind) = found.kind {
        return Ok((kind, found));
    }
    let found = match exports {
        [] => "nothing".into(),
        names => names.join(", "),
    };
    Err(LoadError::NoWorld { found })
}

/// Which world a component gets.
///
/// # Errors
/// Names the first import that no plugin gets.
pub(crate) fn check_imports(imports: &[String], grant: Grant) -> Result<WasiWorld, LoadError> {
    let mut wasi = WasiWorld::Absent;
    for import in imports {
        if let Some((interface, version)) = split_name(import, CONTRACT_PACKAGE) {
            let known = matches!(interface, "host" | "types");
            if !known || !version.starts_with(CONTRACT_VERSION) {
                let advice = "the contract has host and types, in version 0.1, for imports";
                return Err(refused(import, advice));
            }
        } else if import.starts_with("wasi:") {
            check_wasi(import, grant)?;
            wasi = WasiWorld::Empty;
        } else {
            let advice = "import only patchbay:plugin/host; what the plugin needs beyond that, \
                          the gateway does for it";
            return Err(refused(import, advice));
        }
    }
    Ok(wasi)
}

fn check_wasi(import: &str, grant: Grant) -> Result<(), LoadError> {
    let (package, rest) =
        import.strip_prefix("wasi:").and_then(|name| name.split_once('/')).unwrap_or_default();
    let (_, version) = rest.split_once('@').unwrap_or_default();
    if package == "sockets" && grant.sockets == SocketImports::Refused {
        let advice = "a plugin reaches no network: its adapter names the exchange and the \
                      gateway does it; if only the toolchain imports sockets, the operator can \
                      grant inert ones";
        return Err(refused(import, advice));
    }
    if package != "sockets" && !WASI_PACKAGES.contains(&package) {
        let advice = "of WASI, only cli, clocks, filesystem, io and random can be imported, and \
                      nothing is in them; leave it out";
        return Err(refused(import, advice));
    }
    if !version.starts_with(WASI_VERSION) {
        return Err(refused(import, "build the plugin for WASI 0.2"));
    }
    Ok(())
}

pub(crate) fn refused(import: &str, advice: &'static str) -> LoadError {
    LoadError::Import { import: import.chars().take(200).collect(), advice }
}

/// Interface and version of a name like `patchbay:plugin/host@0.1.0`.
fn split_name<'a>(name: &'a str, package: &str) -> Option<(&'a str, &'a str)> {
    name.strip_prefix(package)?.split_once('@')
}
