//! What a plugin's author needs besides an editor: a project to begin with, the way from it to a
//! component, a signature, and a look at every save.
//!
//! Owns finding a compiler for WebAssembly ([`compiler`]), building ([`RustBuild`], [`Project`]),
//! and with the feature `projects` templates with the SDK's sources ([`template`]), signatures
//! ([`signing`]) and watching ([`watching`]).
//!
//! A tool, used by the gateway's command line and by the tasks of the checkout; nothing of it
//! serves a request. Deliberately not here: what a gateway thinks of a component. That is
//! `plugin-runtime`'s to say, and a build must not need its engine.

pub mod command;
pub mod compiler;
mod component;
pub mod file;
mod progress;
mod project;
mod rust_build;
#[cfg(feature = "projects")]
pub mod signing;
#[cfg(feature = "projects")]
pub mod template;
#[cfg(feature = "projects")]
pub mod watching;

pub use progress::Progress;
pub use project::{Language, Project};
pub use rust_build::{Built, Profile, RustBuild};
