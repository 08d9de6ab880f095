//! What operators are shown of the configuration file.

use std::collections::BTreeMap;

use administration::Filed;
use serde_json::{Map, Value, json};

use crate::configuration::Written;
use crate::wiring::credentials::ProviderSecrets;

/// By id, with fingerprints in place of the providers' secrets.
pub(super) fn shown(written: &Written, secrets: &ProviderSecrets) -> Filed {
    let mut providers = by(&written.providers, "id");
    for (id, provider) in &mut providers {
        let slots = secrets.get(id).into_iter().flatten();
        let slots: Map<_, _> = slots
            .map(|(slot, secret)| {
                let fingerprint = secrets::fingerprint(secret);
                (slot.clone(), json!({ "fingerprint": fingerprint }))
            })
            .collect();
        if !slots.is_empty() {
            provider.insert("credentials".to_owned(), Value::Object(slots));
        }
    }
    Filed { providers, api_keys: by(&written.api_keys, "id"), routes: by(&written.routes, "model") }
}

fn by(list: &[Map<String, Value>], member: &str) -> BTreeMap<String, Map<String, Value>> {
    let named = list.iter().filter_map(|element| {
        let name = element.get(member)?.as_str()?;
        Some((name.to_owned(), element.clone()))
    });
    named.collect()
}
