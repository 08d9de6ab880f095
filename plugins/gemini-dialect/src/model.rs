//! What a model's name says: where it is, and how it is told to think.

use patchbay_sdk::request::path_segment;

use crate::settings::{Api, Thinking};

/// Collections that a model's name may begin with.
const COLLECTIONS: [&str; 4] = ["models/", "tunedModels/", "publishers/", "endpoints/"];

/// The resource path of a model, without a leading slash: `models/gemini-2.5-flash`. A name that
/// begins with a collection keeps it. On Vertex AI `meta/llama` is a model of the publisher
/// `meta`, as Google's own clients read it.
pub(crate) fn resource(model: &str, api: Api) -> String {
    if COLLECTIONS.iter().any(|collection| model.starts_with(collection)) {
        let segments: Vec<_> = model.split('/').map(path_segment).collect();
        return segments.join("/");
    }
    match (api, model.split_once('/')) {
        (Api::Vertex, Some((publisher, id))) => {
            format!("publishers/{}/models/{}", path_segment(publisher), path_segment(id))
        }
        _ => format!("models/{}", path_segment(model)),
    }
}

/// The name as `batchEmbedContents` and `countTokens` want it in a body.
pub(crate) fn full_name(model: &str) -> String {
    match COLLECTIONS.iter().any(|collection| model.starts_with(collection)) {
        true => model.to_owned(),
        false => format!("models/{model}"),
    }
}

/// How the model is told to think, by its name: `gemini-2.5-…` takes a budget, Gemini 3 and what
/// follows a level (<https://ai.google.dev/gemini-api/docs/thinking>). The names without a
/// version, such as `gemini-flash-latest`, stand for current models.
pub(crate) fn thinking(model: &str) -> Thinking {
    let Some(family) = id(model).strip_prefix("gemini-") else { return Thinking::None };
    if family.starts_with("2.5") {
        // Of this family those that draw and speak do not think.
        let thinks = !family.contains("-image") && !family.contains("-tts");
        return if thinks { Thinking::Budget } else { Thinking::None };
    }
    let digits = family.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    match digits.parse::<u32>() {
        Ok(version) if version >= 3 => Thinking::Level,
        Err(_) if family.ends_with("-latest") => Thinking::Level,
        _ => Thinking::None,
    }
}

/// Whether the model is one of the large ones, which do not take the level "minimal".
pub(crate) fn is_pro(model: &str) -> bool {
    id(model).split('-').any(|word| word == "pro")
}

/// Whether Vertex AI makes this model's vectors with `embedContent`.
pub(crate) fn embeds_by_content(model: &str) -> bool {
    let id = id(model);
    id.contains("gemini") || id.contains("maas")
}

fn id(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_collection_and_stays_in_its_place() {
        let cases = [
            ("gemini-2.5-flash", Api::Gemini, "models/gemini-2.5-flash"),
            ("models/gemini-2.5-flash", Api::Gemini, "models/gemini-2.5-flash"),
            ("tunedModels/mine-1", Api::Gemini, "tunedModels/mine-1"),
            ("models/../x", Api::Gemini, "models/%2E%2E/x"),
            ("a/b?c", Api::Gemini, "models/a%2Fb%3Fc"),
            ("projects/p/locations/l", Api::Gemini, "models/projects%2Fp%2Flocations%2Fl"),
            ("google/gemini-2.5-pro", Api::Vertex, "publishers/google/models/gemini-2.5-pro"),
            ("publishers/meta/models/m", Api::Vertex, "publishers/meta/models/m"),
            ("endpoints/123", Api::Vertex, "endpoints/123"),
        ];
        for (model, api, path) in cases {
            assert_eq!(resource(model, api), path, "{model}");
        }
    }

    #[test]
    fn the_name_says_how_a_model_thinks() {
        let cases = [
            ("gemini-3-flash-preview", Thinking::Level),
            ("models/gemini-3.1-pro", Thinking::Level),
            ("gemini-10.5-flash", Thinking::Level),
            ("gemini-flash-latest", Thinking::Level),
            ("gemini-2.5-pro", Thinking::Budget),
            ("publishers/google/models/gemini-2.5-flash", Thinking::Budget),
            ("gemini-2.5-flash-image", Thinking::None),
            ("gemini-2.0-flash", Thinking::None),
            ("gemini-embedding-001", Thinking::None),
            ("gemma-3-27b-it", Thinking::None),
            ("tunedModels/mine", Thinking::None),
        ];
        for (model, style) in cases {
            assert_eq!(thinking(model), style, "{model}");
        }
    }
}
