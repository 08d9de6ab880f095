//! Bundled plugin cli-text
