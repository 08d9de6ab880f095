//! What a server of this dialect does not take as OpenAI would, as settings.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use patchbay_sdk::Failure;
use serde::Deserialize;

/// Most steps of a path: deeper ones name nothing that the dialect has.
const MAX_STEPS: usize = 8;

/// The settings that are this dialect's; the others are the adapter's.
#[derive(Debug, Deserialize)]
pub struct Quirks {
    /// Members that the server refuses: they are removed and named to the caller.
    #[serde(default)]
    unsupported_members: Vec<String>,
    /// Members that the server has under another name: `{"seed": "random_seed"}`. The path is
    /// whole, the new name its last step alone.
    #[serde(default)]
    renamed_members: BTreeMap<String, String>,
    /// The role with which messages of the role `developer` are sent.
    developer_role: Option<DeveloperRole>,
    /// Most inputs of one embeddings request.
    pub(crate) max_embedding_inputs: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DeveloperRole {
    /// As it is.
    Developer,
    /// For servers that know `system` alone.
    System,
}

/// What happens to one value and those inside it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rule {
    /// The path it was made for, if the member is removed.
    pub(crate) removed: Option<String>,
    /// The path and the new name, if the member is renamed.
    pub(crate) renamed: Option<(String, String)>,
    /// A text and the one that replaces it.
    pub(crate) replaced: Option<(&'static str, &'static str)>,
    /// Members of an object.
    pub(crate) members: BTreeMap<String, Self>,
    /// Items of an array.
    pub(crate) items: Option<Box<Self>>,
}

impl Quirks {
    /// The settings as one tree of rules.
    ///
    /// # Errors
    /// `provider-misconfigured` for what is no path.
    pub(crate) fn rule(&self) -> Result<Rule, Failure> {
        let mut root = Rule::default();
        for (index, path) in self.unsupported_members.iter().enumerate() {
            let setting = format!("settings.unsupported_members[{index}]");
            root.at(path, &setting)?.removed = Some(path.clone());
        }
        for (path, name) in &self.renamed_members {
            let setting = format!("settings.renamed_members.{path}");
            if name.is_empty() || name.contains(['.', '[', ']']) {
                return Err(Failure::misconfigured(&setting, "the new name is one name, no path"));
            }
            root.at(path, &setting)?.renamed = Some((path.clone(), name.clone()));
        }
        if self.developer_role == Some(DeveloperRole::System) {
            let role = root.at("messages[].role", "settings.developer_role")?;
            role.replaced = Some(("developer", "system"));
        }
        Ok(root)
    }
}

impl Rule {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The rule of a path: `logit_bias`, `messages[].content[].text`. It ends in a member.
    fn at(&mut self, path: &str, setting: &str) -> Result<&mut Self, Failure> {
        let wrong = || {
            let reason = "a path is like \"logit_bias\" or \"messages[].name\"";
            Failure::misconfigured(setting, reason)
        };
        if path.ends_with(']') || path.split('.').count() > MAX_STEPS {
            return Err(wrong());
        }
        let mut rule = self;
        for step in path.split('.') {
            let name = step.trim_end_matches("[]");
            if name.is_empty() || name.contains(['[', ']']) {
                return Err(wrong());
            }
            rule = rule.members.entry(name.to_owned()).or_default();
            for _ in 0..(step.len() - name.len()) / 2 {
                rule = rule.items.get_or_insert_default();
            }
        }
        Ok(rule)
    }
}
