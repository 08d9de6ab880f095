//! `patchbay route …`

use serde_json::{Value, json};

use super::collection::{Collection, Column, state};
use super::document;
use super::members::text;
use crate::command_line::{CandidateText, NewRoute, RouteChange, RouteSource, wrong_usage};

/// Routes.
pub(super) const ROUTES: Collection = Collection {
    noun: "route",
    segment: "routes",
    name_member: "model",
    columns: &[
        Column { heading: "MODEL", text: |route| text(route, "model") },
        Column { heading: "CANDIDATES", text: candidates },
        Column { heading: "STATE", text: state },
        Column { heading: "ORIGIN", text: |route| text(route, "origin") },
    ],
};

/// Adds a route.
pub(super) fn create(new: &NewRoute) -> anyhow::Result<()> {
    let mut document = source(&new.source)?;
    if let Some(model) = &new.model {
        name(&mut document, model.as_str())?;
    }
    let made = ROUTES.create(document, &new.gateway)?.body;
    ROUTES.report("was added", &made, &new.gateway);
    Ok(())
}

/// Replaces a route's document.
pub(super) fn replace(change: &RouteChange) -> anyhow::Result<()> {
    let mut document = source(&change.source)?;
    name(&mut document, change.model.as_str())?;
    ROUTES.replace(change.model.as_str(), document, &change.pinned)
}

fn source(source: &RouteSource) -> anyhow::Result<Value> {
    match &source.file {
        Some(file) => document::read(file),
        None => {
            let candidates: Vec<_> = source.candidates.iter().map(candidate).collect();
            Ok(json!({ "candidates": candidates }))
        }
    }
}

fn candidate(text: &CandidateText) -> Value {
    let mut candidate = json!({ "provider": text.provider.as_str(), "model": text.model.as_str() });
    if let (Some(weight), Some(members)) = (text.weight, candidate.as_object_mut()) {
        members.insert("weight".to_owned(), weight.into());
    }
    candidate
}

/// Gives a document the name that was typed; one of its own must be the same.
fn name(document: &mut Value, model: &str) -> anyhow::Result<()> {
    if let Some(members) = document.as_object_mut() {
        let own = members.entry("model").or_insert_with(|| model.into());
        if own != model {
            return Err(wrong_usage(format_args!("the document is of route {own}, not {model:?}")));
        }
    }
    Ok(())
}

/// `main/gpt-4o:3, other/model`, in groups of the same order.
fn candidates(route: &Value) -> String {
    let candidates = route.get("candidates").and_then(Value::as_array).into_iter().flatten();
    let written = candidates.map(|candidate| {
        let mut target = format!("{}/{}", text(candidate, "provider"), text(candidate, "model"));
        for (member, mark, default) in [("weight", ":", 1), ("order", " after ", 0)] {
            let number = candidate.get(member).and_then(Value::as_u64).unwrap_or(default);
            if number != default {
                target.push_str(&format!("{mark}{number}"));
            }
        }
        target
    });
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_sent_as_they_were_typed() {
        let typed = ["main/gpt-4o:3", "other/org/model"].map(|it| it.parse().unwrap());
        let source = source(&RouteSource { candidates: typed.into(), file: None }).unwrap();
        let expected = json!({ "candidates": [
            { "provider": "main", "model": "gpt-4o", "weight": 3 },
            { "provider": "other", "model": "org/model" },
        ]});
        assert_eq!(source, expected);
    }

    #[test]
    fn a_document_has_the_name_that_was_typed() {
        let mut document = json!({});
        name(&mut document, "smart").unwrap();
        assert_eq!(document, json!({ "model": "smart" }));
        name(&mut document, "smart").unwrap();
        assert!(name(&mut document, "fast").is_err());
    }

    #[test]
    fn candidates_are_shown_as_they_are_typed() {
        let route = json!({ "candidates": [
            { "provider": "main", "model": "gpt-4o", "weight": 3, "order": 0 },
            { "provider": "other", "model": "m", "weight": 1, "order": 2 },
        ]});
        assert_eq!(candidates(&route), "main/gpt-4o:3, other/m after 2");
    }
}
