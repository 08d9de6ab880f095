//! `PATCHBAY_SECTION__MEMBER` wins over the file.
//!
//! A variable counts if two underscores stand between two names after the prefix; so
//! `PATCHBAY_KEY` can be used for references. Values are TOML scalars, or else the text as it is.

use std::ffi::OsStr;

use resources::{Problems, member_path};
use serde_json::{Map, Value};

use crate::configuration::Variables;
use crate::configuration::finding::{Place, Places};
use crate::configuration::references::is_secret;
use crate::configuration::toml_tree::parse_scalar;

const PREFIX: &str = "PATCHBAY_";

/// Sections that are lists of tables.
const LISTS: [&str; 3] = ["providers", "api_keys", "routes"];

/// Puts the variables into the tree.
pub(crate) fn overlay(
    tree: &mut Map<String, Value>,
    variables: &Variables,
    places: &mut Places,
    problems: &mut Problems,
) {
    let mut settings: Vec<_> =
        variables.iter().filter_map(|(name, value)| setting(name, value)).collect();
    settings.sort_by(|a, b| a.variable.cmp(b.variable));
    for setting in settings {
        let place = Place::Variable(setting.variable.to_owned());
        let mut path = String::new();
        for name in &setting.names {
            path = member_path(&path, name);
            places.note_first(&path, place.clone());
        }
        places.note(&path, place);
        if let Err((message, fix)) = setting.put_into(tree, &path) {
            problems.report(path, message, fix);
        }
    }
}

/// A variable that sets a member.
struct Setting<'a> {
    variable: &'a str,
    names: Vec<String>,
    value: Option<&'a str>,
}

fn setting<'a>(variable: &'a OsStr, value: &'a OsStr) -> Option<Setting<'a>> {
    let variable = variable.to_str()?;
    let names = variable.strip_prefix(PREFIX)?;
    names.contains("__").then(|| Setting {
        variable,
        names: names.split("__").map(str::to_ascii_lowercase).collect(),
        value: value.to_str(),
    })
}

impl Setting<'_> {
    fn put_into(
        &self,
        tree: &mut Map<String, Value>,
        path: &str,
    ) -> Result<(), (&'static str, &'static str)> {
        let Some(value) = self.value else {
            return Err(("is not UTF-8", "write it as text"));
        };
        let Some((member, tables)) = self.names.split_last() else {
            return Ok(());
        };
        if self.names.iter().any(String::is_empty) {
            return Err(("names nothing", "write PATCHBAY_SECTION__MEMBER"));
        }
        if tables.first().is_some_and(|first| LISTS.contains(&first.as_str())) {
            return Err((
                "is part of a list, which variables cannot set",
                "set it in the file, with a reference like \"${env:NAME}\" where needed",
            ));
        }
        let mut table = tree;
        for name in tables {
            let inner = table.entry(name).or_insert_with(|| Value::Object(Map::new()));
            table = inner.as_object_mut().ok_or((
                "is within a member that the file sets to something else than a table",
                "correct the variable's name or the file",
            ))?;
        }
        table.insert(member.clone(), parse(value, path));
        Ok(())
    }
}

/// A secret is a text even if it looks like a number.
fn parse(value: &str, path: &str) -> Value {
    let text = || Value::String(value.to_owned());
    if is_secret(path) { text() } else { parse_scalar(value).unwrap_or_else(text) }
}
