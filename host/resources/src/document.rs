//! All resources of one origin, consistent in themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api_key::ApiKey;
use crate::fields::{Element, Fields, Member};
use crate::offered::Offered;
use crate::problem::{Problem, Problems, element_path, member_path, quoted};
use crate::provider::Provider;
use crate::route::Route;

/// Providers, keys and routes, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The providers; their ids differ.
    pub providers: Vec<Provider>,
    /// The API keys; their ids differ.
    pub api_keys: Vec<ApiKey>,
    /// The routes; their names differ, and each candidate names a provider of this document.
    pub routes: Vec<Route>,
}

impl Document {
    /// Reads a document that stands alone.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let mut document = Self::default();
        if let Some(members) = value.as_object() {
            let mut fields = Fields::root(members, &mut problems);
            document = Self::read_members(&mut fields);
            fields.finish();
        } else {
            problems.report("", "a document must be a table", "write { \"providers\": [] }");
        }
        if problems.is_empty() { Ok(document) } else { Err(problems.into_vec()) }
    }

    /// Reads the members `providers`, `api_keys` and `routes` of a table that has others too.
    /// If there were problems, the document lacks what they concern.
    pub fn read_members(fields: &mut Fields<'_, '_>) -> Self {
        let offered = Offered::written(fields.member("providers").value());
        let document = Self {
            providers: read_all(fields.member("providers"), Provider::read),
            api_keys: read_all(fields.member("api_keys"), ApiKey::read),
            routes: read_all(fields.member("routes"), |route| Route::read(route, Some(&offered))),
        };
        report_twins(fields, "providers", "id");
        report_twins(fields, "api_keys", "id");
        report_twins(fields, "routes", "model");
        document
    }
}

fn read_all<T>(
    member: Member<'_, '_>,
    mut read: impl FnMut(&mut Fields<'_, '_>) -> Option<T>,
) -> Vec<T> {
    let found = member.list(|element: Element<'_, '_>| element.table(&mut read));
    found.unwrap_or_default()
}

/// Looks at the names as they were written, so that an element with another problem counts too.
fn report_twins(fields: &mut Fields<'_, '_>, list: &'static str, member: &str) {
    let elements = fields.member(list).value().and_then(Value::as_array);
    let mut first_places = BTreeMap::new();
    for (index, element) in elements.map_or(&[][..], Vec::as_slice).iter().enumerate() {
        let Some(name) = element.get(member).and_then(Value::as_str) else {
            continue;
        };
        let first = *first_places.entry(name).or_insert(index);
        if first != index {
            let path = member_path(&element_path(list, index), member);
            let message = format!("{} is taken by {}", quoted(name), element_path(list, first));
            fields.report_at(path, message, "choose another, or remove one of the two");
        }
    }
}

#[cfg(test)]
mod tests;
