//! The sections beside the resources, with their defaults.

mod administration;
mod log;
mod plugins;
mod server;
mod text;

pub(crate) use administration::{Checked, check_admin, check_store};
pub(crate) use log::{LogFormat, LogSettings};
pub(crate) use plugins::{Isolation, PluginGrant, PluginSettings, SocketImports, Trust};
pub(crate) use server::ServerSettings;
