//! Looks at a plugin's bytes before anything is compiled: form, manifest, imports and exports.

use wasmparser::{Chunk, Parser, Payload};
use wasmtime::{Engine, Precompiled};

use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::manifest::Manifest;

/// Name of the custom section that holds the manifest.
pub const MANIFEST_SECTION: &str = "patchbay:manifest";

pub(crate) const WASM_PAGE_BYTES: u64 = 65536;
const WASM_MAGIC: &[u8] = b"\0asm";
/// Deepest nesting that is followed; toolchains make two or three levels.
const MAX_DEPTH: usize = 32;

/// What can be known without compiling.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) manifest: Manifest,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) needs: Needs,
}

/// What one instance starts with, if every core module is instantiated once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) memories: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) tables: u64,
    /// Of the largest table.
    pub(crate) table_elements: u64,
}

/// # Errors
/// Says which part of the bytes is not a plugin's.
pub(crate) fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspected, LoadError> {
    check_form(bytes, limits)?;
    let outline = Outline::read(bytes)?;
    let json = outline.manifest()?;
    if json.len() > limits.manifest_bytes {
        return Err(LoadError::NeedsTooMuch {
            what: "bytes for its manifest",
            needed: json.len() as u64,
            most: limits.manifest_bytes as u64,
        });
    }
    Ok(Inspected {
        manifest: Manifest::parse(json)?,
        imports: outline.imports,
        exports: outline.exports,
        needs: outline.needs,
    })
}

/// The manifest's own bytes.
///
/// # Errors
/// As [`inspect`].
pub(crate) fn manifest_json(bytes: &[u8]) -> Result<&[u8], LoadError> {
    Outline::read(bytes)?.manifest()
}

fn check_form(bytes: &[u8], limits: &Limits) -> Result<(), LoadError> {
    if bytes.len() > limits.component_bytes {
        let most = limits.component_bytes;
        return Err(LoadError::TooLarge { most });
    }
    if let Some(Precompiled::Module | Precompiled::Component) = Engine::detect_precompiled(bytes) {
        return Err(LoadError::Precompiled);
    }
    if !bytes.starts_with(WASM_MAGIC) {
        return Err(LoadError::NotWebAssembly);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(LoadError::CoreModule);
    }
    Ok(())
}

/// Names and manifests found by walking all sections.
#[derive(Default)]
struct Outline<'a> {
    /// With the depth they were found at.
    manifests: Vec<(usize, &'a [u8])>,
    imports: Vec<String>,
    exports: Vec<String>,
    needs: Needs,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let mut outline = Self::default();
        let mut outer: Vec<Parser> = Vec::new();
        let mut parser = Parser::new(0);
        let mut rest = bytes;
        loop {
            let at_end = rest.is_empty() && outer.is_empty();
            let payload = match parser.parse(rest, at_end).map_err(invalid)? {
                Chunk::NeedMoreData(_) => {
                    return Err(LoadError::Truncated { bytes: bytes.len() });
                }
                Chunk::Parsed { consumed, payload } => {
                    rest = rest.get(consumed..).unwrap_or_default();
                    payload
                }
            };
            match payload {
                Payload::ModuleSection { parser: inner, .. }
                | Payload::ComponentSection { parser: inner, .. } => {
                    outer.push(std::mem::replace(&mut parser, inner));
                    check_depth(outer.len())?;
                }
                Payload::End(_) => match outer.pop() {
                    Some(next) => parser = next,
                    None => return Ok(outline),
                },
                other => outline.note(outer.len(), other)?,
            }
        }
    }

    fn note(&mut self, depth: usize, payload: Payload<'a>) -> Result<(), LoadError> {
        match payload {
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                self.manifests.push((depth, section.data()));
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.needs.add_memory(memory.map_err(invalid)?.initial);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.needs.add_table(table.map_err(invalid)?.ty.initial);
                }
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    self.imports.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    self.exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The outermost manifest.
    fn manifest(&self) -> Result<&'a [u8], LoadError> {
        let depths = self.manifests.iter().map(|(depth, _)| *depth);
        let outermost = depths.min().ok_or(LoadError::NoManifest)?;
        let mut found = self.manifests.iter().filter(|(depth, _)| *depth == outermost);
        match (found.next(), found.next()) {
            (Some((_, json)), None) => Ok(json),
            _ => Err(LoadError::SeveralManifests),
        }
    }
}

impl Needs {
    fn add_memory(&mut self, pages: u64) {
        let bytes = pages.saturating_mul(WASM_PAGE_BYTES);
        self.memories += 1;
        self.memory_bytes = self.memory_bytes.saturating_add(bytes);
    }

    fn add_table(&mut self, elements: u64) {
        self.tables += 1;
        self.table_elements = self.table_elements.max(elements);
    }
}

fn check_depth(depth: usize) -> Result<(), LoadError> {
    if depth > MAX_DEPTH {
        return Err(LoadError::NeedsTooMuch {
            what: "levels of nesting",
            needed: depth as u64,
            most: MAX_DEPTH as u64,
        });
    }
    Ok(())
}

fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}
