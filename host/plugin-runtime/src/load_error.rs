//! Why a plugin is not loaded, and how to mend it.

use thiserror::Error;

use crate::manifest::{ManifestProblem, PluginKind};

/// Why a plugin is not loaded. Each message says what is wrong with which part, and what to do.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file is over the limit.
    #[error("the file is larger than {most} bytes; build it without debug information")]
    TooLarge {
        /// Most bytes allowed.
        most: usize,
    },
    /// Machine code instead of a portable component.
    #[error(
        "this is code precompiled for one machine, which is never accepted; install the portable \
         .wasm component it was made from"
    )]
    Precompiled,
    /// No WebAssembly at all.
    #[error(
        "this is not WebAssembly: it does not start with \"\\0asm\"; install the .wasm file that \
         the plugin's build made"
    )]
    NotWebAssembly,
    /// A core module.
    #[error(
        "this is a core WebAssembly module and not a component; make a component of it with \
         `patchbay plugin build`"
    )]
    CoreModule,
    /// The file ends too early.
    #[error("the file ends in the middle, after {bytes} bytes; copy it again, whole")]
    Truncated {
        /// Bytes the file has.
        bytes: usize,
    },
    /// Malformed or not valid WebAssembly.
    #[error("the component is not valid: {0}; build it again with a current toolchain")]
    Invalid(String),
    /// It could not be compiled within the limits, or not at all.
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// No manifest.
    #[error(
        "the custom section \"patchbay:manifest\" is missing; build the plugin with an SDK, or \
         add the section"
    )]
    NoManifest,
    /// More than one manifest, and none of them outermost.
    #[error(
        "there are several sections \"patchbay:manifest\" at the same depth; leave one, or put \
         one into the outermost component"
    )]
    SeveralManifests,
    /// The manifest is refused.
    #[error("the manifest is refused")]
    Manifest(#[from] ManifestProblem),
    /// An export of the contract in a version this gateway does not speak.
    #[error(
        "the component exports {0:?} and this gateway speaks contract 0.1; rebuild it with an \
         SDK for that contract"
    )]
    ContractVersion(String),
    /// None of the contract's worlds.
    #[error(
        "the component exports none of patchbay:plugin/egress, /ingress, /http-adapter and \
         /process-adapter in version 0.1 (it exports: {found}); export one of them"
    )]
    NoWorld {
        /// What it exports.
        found: String,
    },
    /// The manifest says one thing and the exports another.
    #[error(
        "the manifest says {said} and the exports say {exported}; correct \"kind\" in the manifest"
    )]
    KindMismatch {
        /// Kind in the manifest.
        said: PluginKind,
        /// Kind by the exports.
        exported: PluginKind,
    },
    /// The manifest names what the component has no export for, or the other way round.
    #[error(
        "the manifest's {member} and the export patchbay:plugin/{interface} go together, and only \
         one of the two is there; add the other, or remove it"
    )]
    SideMismatch {
        /// Member of the manifest.
        member: &'static str,
        /// Interface of the contract.
        interface: &'static str,
    },
    /// Something a plugin must not reach.
    #[error("the component imports {import:?}, which no plugin gets: {advice}")]
    Import {
        /// Name of the import.
        import: String,
        /// What to do.
        advice: &'static str,
    },
    /// More than the runtime gives.
    #[error("the component needs {what}: {needed}, and at most {most} is allowed")]
    NeedsTooMuch {
        /// Of what.
        what: &'static str,
        /// How much it needs.
        needed: u64,
        /// How much there is.
        most: u64,
    },
    /// Imports or exports with other types than the contract's.
    #[error(
        "the component does not fit the contract: {0}; build it against the gateway's copy of wit/"
    )]
    Types(String),
    /// It compiles and links, but does not start.
    #[error("no instance can be made: {0}")]
    Start(String),
    /// Another plugin has the dialect.
    #[error(
        "the dialect {dialect:?} is spoken by the plugin {by:?} already; remove that plugin or \
         rename one of the dialects"
    )]
    DialectTaken {
        /// Name of the dialect.
        dialect: String,
        /// Name of the plugin.
        by: String,
    },
    /// Another plugin has the path.
    #[error(
        "the endpoint {endpoint:?} is served by the plugin {by:?} already; remove that plugin or \
         leave the endpoint out of the manifest"
    )]
    EndpointTaken {
        /// Method and path.
        endpoint: String,
        /// Name of the plugin.
        by: String,
    },
    /// Another file of the same directory is the same plugin.
    #[error("another file of this directory is the plugin {0:?} already; leave one of them")]
    NameTaken(String),
}
