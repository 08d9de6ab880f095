//! Where things are: the checkout, its target folder, and what cargo knows of its packages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The checkout this xtask belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Cargo says where xtask lives when it starts it; the checkout is the folder above.
    pub(crate) fn find() -> Result<Self> {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = xtask.parent().context("xtask has no folder above it")?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// The top of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Finished components. The gateway's build script looks for them here.
    pub(crate) fn plugins_folder(&self) -> PathBuf {
        self.root.join("target/plugins")
    }

    /// What compiling guests leaves behind: one folder, so that the standard library built from
    /// source is built once.
    pub(crate) fn guests_folder(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// Programs that checks need and that nobody else should see.
    pub(crate) fn tools_folder(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// The workspace's own packages, without their dependencies.
    pub(crate) fn packages(&self) -> Result<Metadata> {
        MetadataCommand::new()
            .manifest_path(self.root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("cargo metadata failed: does every Cargo.toml of the workspace parse?")
    }

    /// Every package and every edge of the lock file.
    pub(crate) fn dependency_graph(&self) -> Result<Metadata> {
        MetadataCommand::new()
            .manifest_path(self.root.join("Cargo.toml"))
            .exec()
            .context("cargo metadata failed: does every Cargo.toml of the workspace parse?")
    }

    /// The gateway as `cargo build` leaves it.
    pub(crate) fn gateway_binary(&self, profile_folder: &str) -> Result<PathBuf> {
        let target = self.packages()?.target_directory;
        Ok(target.into_std_path_buf().join(profile_folder).join("patchbay"))
    }
}
