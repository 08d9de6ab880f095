//! The sections beside the resources, with their defaults.

mod administration;
mod kubernetes;
mod log;
mod plugins;
mod recording;
mod server;
mod text;

pub(crate) use administration::{AdminSettings, StoreSettings, TokenKeys};
pub(crate) use kubernetes::SandboxSettings;
pub(crate) use log::{LogFormat, LogSettings};
pub(crate) use plugins::{Isolation, PluginGrant, PluginSettings, SocketImports, Trust};
pub(crate) use recording::{RecordedTexts, RecordingSettings};
pub(crate) use server::ServerSettings;
