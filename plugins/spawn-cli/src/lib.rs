//! Bundled plugin spawn-cli
