//! Documents that are one resource each, as operators write and see them.

use serde_json::Value;

use crate::fields::Fields;
use crate::problem::{Problem, Problems};

/// Members of every resource's view that a document may hold to no effect, so that what was
/// shown can be changed and written back.
pub const MEMBERS_OF_VIEWS: [&str; 5] = ["origin", "etag", "created_at", "updated_at", "status"];

/// Reads a whole document as one table.
///
/// # Errors
/// Every problem at once, with paths relative to the document.
pub(crate) fn read<T>(
    document: &Value,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(members) = document.as_object() else {
        problems.report("", "a document must be a table", "write a JSON object");
        return Err(problems.into_vec());
    };
    let mut fields = Fields::root(members, &mut problems);
    let found = read(&mut fields);
    fields.finish();
    match found {
        Some(found) if problems.is_empty() => Ok(found),
        _ => Err(problems.into_vec()),
    }
}

#[cfg(test)]
mod tests;
