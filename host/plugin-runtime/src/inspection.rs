//! What a plugin's file says of itself, for people who look at it.

use crate::fit::{check_imports, exported};
use crate::grant::Grant;
use crate::inspect::{Inspected, inspect, manifest_json};
use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::manifest::Manifest;

/// What can be known of a plugin without compiling it.
#[derive(Debug)]
pub struct Inspection {
    /// What it says of itself, and asks for.
    pub manifest: Manifest,
    /// The same as it stands in the file: JSON.
    pub manifest_json: String,
    /// Names of what it imports.
    pub imports: Vec<String>,
    /// Names of what it exports.
    pub exports: Vec<String>,
    /// Linear memory that an instance starts with.
    pub memory_bytes: u64,
    /// Why a gateway that grants nothing would refuse it, as far as that can be known.
    pub refusal: Option<LoadError>,
}

impl Inspection {
    /// Looks at a component.
    ///
    /// # Errors
    /// If it is none, or has no manifest that can be read.
    pub fn of(bytes: &[u8], limits: &Limits) -> Result<Self, LoadError> {
        let Inspected { manifest, imports, exports, needs } = inspect(bytes, limits)?;
        let misfit = match exported(&exports) {
            Ok((kind, _)) if kind == manifest.kind => None,
            Ok((exported, _)) => Some(LoadError::KindMismatch { said: manifest.kind, exported }),
            Err(error) => Some(error),
        };
        let refusal = misfit.or_else(|| check_imports(&imports, Grant::default()).err());
        Ok(Self {
            manifest,
            manifest_json: String::from_utf8_lossy(manifest_json(bytes)?).into_owned(),
            imports,
            exports,
            memory_bytes: needs.memory_bytes,
            refusal,
        })
    }
}
