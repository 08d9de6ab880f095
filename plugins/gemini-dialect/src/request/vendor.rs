//! Request members in Google's own words, which a caller sends on purpose.

use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;

use super::put;
use crate::settings::DialectSettings;

/// Members of the request itself.
const OF_REQUEST: [&str; 7] = [
    "safetySettings",
    "cachedContent",
    "labels",
    "store",
    "modelArmorConfig",
    "outputConfig",
    "continuationToken",
];

/// Members of `generationConfig` that may stand beside canonical ones.
const OF_CONFIG: [&str; 13] = [
    "topK",
    "responseModalities",
    "mediaResolution",
    "speechConfig",
    "imageConfig",
    "thinkingConfig",
    "audioTimestamp",
    "routingConfig",
    "modelSelectionConfig",
    "enableAffectiveDialog",
    "enableEnhancedCivicAnswers",
    "translationConfig",
    "audioTranscriptionConfig",
];

/// What a caller said in Google's words.
#[derive(Debug, Default)]
pub(crate) struct Vendor {
    request: Object,
    config: Object,
    tool_config: Object,
    /// Anthropic's way to say how much to think.
    pub(crate) thinking: Option<Object>,
}

/// Sorts the members that canonical does not know, and names those that nobody knows.
pub(crate) fn take(extra: Object, dropped: &mut Dropped) -> Vendor {
    let mut vendor = Vendor::default();
    let mut rest = Object::new();
    for (name, value) in extra {
        let own = camel_case(&name);
        match own.as_str() {
            _ if value.is_null() => {}
            own if OF_REQUEST.contains(&own) => vendor.request.insert_raw(own, value),
            own if OF_CONFIG.contains(&own) => vendor.config.insert_raw(own, value),
            "generationConfig" => merge(&mut vendor.config, &name, value, &mut rest),
            "toolConfig" => merge(&mut vendor.tool_config, &name, value, &mut rest),
            "thinking" => match value.parse() {
                Ok(thinking) => vendor.thinking = Some(thinking),
                Err(_) => rest.insert_raw(&name, value),
            },
            _ => rest.insert_raw(&name, value),
        }
    }
    dropped.add_members("", &rest);
    vendor
}

fn merge(into: &mut Object, name: &str, value: RawJson, rest: &mut Object) {
    match value.parse::<Object>() {
        Ok(members) => fill(into, members),
        Err(_) => rest.insert_raw(name, value),
    }
}

/// Sets what is not set yet.
fn fill(into: &mut Object, members: Object) {
    for (name, value) in members {
        let name = camel_case(&name);
        if into.get_raw(&name).is_none() {
            into.insert_raw(&name, value);
        }
    }
}

impl Vendor {
    /// Whether the caller says in Google's words how much to think.
    pub(crate) fn says_thinking(&self) -> bool {
        self.config.get_raw("thinkingConfig").is_some()
    }

    /// Adds what the caller said, and then the operator's defaults. Canonical members are
    /// written already and stay.
    pub(crate) fn merge_into(
        self,
        body: &mut Object,
        config: &mut Object,
        settings: &DialectSettings,
    ) {
        fill(config, self.config);
        if let Some(defaults) = &settings.generation_config {
            fill(config, defaults.clone());
        }
        if !self.tool_config.is_empty() {
            let mut whole: Object = body.get("toolConfig").ok().flatten().unwrap_or_default();
            fill(&mut whole, self.tool_config);
            put(body, "toolConfig", &whole);
        }
        fill(body, self.request);
        if let Some(safety) = &settings.safety_settings
            && body.get_raw("safetySettings").is_none()
        {
            body.insert_raw("safetySettings", safety.clone());
        }
    }
}

/// Google's JSON takes both spellings; this is the documented one.
pub(crate) fn camel_case(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match (letter, upper) {
            ('_', _) => upper = !written.is_empty(),
            (letter, true) => {
                written.push(letter.to_ascii_uppercase());
                upper = false;
            }
            (letter, false) => written.push(letter),
        }
    }
    written
}
