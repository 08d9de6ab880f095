//! `patchbay plugin …`

use std::path::PathBuf;
use std::str::FromStr as _;

use authoring::Language;
use authoring::template::{Kind, ProjectName};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};

use super::gateway::GatewayChoice;
use super::plugin_life::{PluginLifeCommand, Rule, Start};

/// Commands on plugins: those of their authors, in the order they are needed, and those of
/// operators.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Begin a plugin: a project whose tests pass
    New(NewPlugin),
    /// Build a project into components, and check them as the gateway does
    Build(PluginProject),
    /// Load plugins as the gateway would, and say what is wrong with them
    Check(PluginFiles),
    /// Run a project's own tests, and prove its components in the gateway's runtime
    Test(PluginTest),
    /// Measure a plugin in the gateway's runtime
    Bench {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The settings of a provider that uses it: a JSON object
        #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json_object)]
        settings: String,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show what a plugin is and asks for, without running it
    Inspect {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Make keys to sign plugins with, in minisign's format
    Keygen {
        /// The secret key's file; the public key's stands beside it and ends in .pub
        #[arg(value_name = "KEYFILE", default_value = "patchbay.key")]
        key: PathBuf,
        /// Protect the secret key by nothing but its file's permissions
        #[arg(long)]
        no_password: bool,
    },
    /// Sign a plugin: FILE.minisig, which operators can demand
    Sign {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The secret key; its password is asked for, or in PATCHBAY_SIGNING_PASSWORD
        #[arg(long, value_name = "KEYFILE")]
        key: PathBuf,
    },
    /// Install a plugin in a running gateway
    Install(Installation),
    /// Build and check on every save, and install: with --config into a gateway that is started
    /// here and whose log is shown, else where PATCHBAY_URL and PATCHBAY_ADMIN_TOKEN say
    Dev {
        /// The project's folder
        #[arg(value_name = "DIR", default_value = ".")]
        project: PathBuf,
        /// Configuration of the gateway that is started here; it has to trust unsigned plugins
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    #[command(flatten)]
    Life(PluginLifeCommand),
}

/// `patchbay plugin new`
#[derive(Debug, Args)]
pub(crate) struct NewPlugin {
    /// The plugin's name: lower-case letters, digits and -
    #[arg(value_name = "NAME", value_parser = ProjectName::from_str)]
    pub(crate) name: ProjectName,
    /// What it is written in
    #[arg(long, default_value = "rust", value_parser = language())]
    pub(crate) language: Language,
    /// What it is; provider is an adapter and a normalizer
    #[arg(long, default_value = "http-adapter", value_parser = kind())]
    pub(crate) kind: Kind,
    /// The new project's folder; default: NAME in the working directory
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
    /// A checkout of the gateway to use the SDK of; default: a copy inside the project
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

/// `patchbay plugin build`
#[derive(Debug, Args)]
pub(crate) struct PluginProject {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Where the components go; default: where the project's language puts them
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `patchbay plugin check`
#[derive(Debug, Args)]
pub(crate) struct PluginFiles {
    /// The components
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// `patchbay plugin test`
#[derive(Debug, Args)]
pub(crate) struct PluginTest {
    /// The project's folder, or a component
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    pub(crate) target: PathBuf,
    /// Ask the component what was recorded, and say where it answers otherwise than the one in use
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// Compare with this component; default: the installed or bundled one of the same name
    #[arg(long, value_name = "FILE", requires = "replay")]
    pub(crate) against: Option<PathBuf>,
    /// Configuration that names the directory of installed plugins; default: patchbay.toml, if it
    /// is there
    #[arg(long, value_name = "FILE", requires = "replay")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, requires = "replay")]
    pub(crate) json: bool,
}

/// `patchbay plugin install`
#[derive(Debug, Args)]
pub(crate) struct Installation {
    /// The component
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Its signature; default: FILE.minisig, if it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: Option<PathBuf>,
    /// How it starts: `immediate`, or a share that it takes first, like 5%; default: as the
    /// plugin's rollout says
    #[arg(long, value_name = "immediate|SHARE")]
    pub(crate) start: Option<Start>,
    #[command(flatten)]
    pub(crate) rule: Rule,
    #[command(flatten)]
    pub(crate) gateway: GatewayChoice,
}

fn language() -> impl clap::builder::TypedValueParser<Value = Language> {
    let names = PossibleValuesParser::new(Language::ALL.map(Language::name));
    names.try_map(|name| {
        Language::ALL.into_iter().find(|it| it.name() == name).ok_or("there is no such language")
    })
}

fn kind() -> impl clap::builder::TypedValueParser<Value = Kind> {
    let names = PossibleValuesParser::new(Kind::ALL.map(Kind::name));
    names.try_map(|name| {
        Kind::ALL.into_iter().find(|it| it.name() == name).ok_or("there is no such kind")
    })
}

/// A text that is a JSON object.
fn json_object(text: &str) -> Result<String, String> {
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    object.map(|_| text.to_owned()).map_err(|error| format!("it is no JSON object: {error}"))
}
