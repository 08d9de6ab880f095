//! What stands beside the store's directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// `<path>.<ending>`.
///
/// # Errors
/// If the path has no name of its own, as `/` and `..` have none.
pub(crate) fn sibling(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a name"));
    };
    let mut name = name.to_owned();
    name.push(".");
    name.push(ending);
    Ok(path.with_file_name(name))
}

/// The directory that `path` stands in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Makes names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
