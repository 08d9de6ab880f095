//! What an event means, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::path::{Path, Paths};

/// What one kind of event says. Every rule that fits an event is followed, in order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    /// The kind of event; any if absent.
    pub(crate) kind: Option<String>,
    /// What has to stand at each place; `null` is "nothing".
    pub(crate) when: BTreeMap<String, Value>,
    /// A piece of the answer's text.
    pub(crate) text: Option<Path>,
    /// Whether the text is a paragraph of its own.
    pub(crate) paragraph: bool,
    /// Whether the next piece of text, and of reasoning, begins a paragraph.
    pub(crate) new_paragraph: bool,
    /// A piece of reasoning.
    pub(crate) reasoning: Option<Path>,
    /// The beginning of a tool call, or a whole one.
    pub(crate) tool_call: Option<CallRule>,
    /// A piece of the arguments of the call that began last.
    pub(crate) arguments: Option<Path>,
    /// Counts of tokens; later ones replace earlier ones.
    pub(crate) usage: Option<UsageRule>,
    /// The whole text, for an answer that had no piece of text.
    pub(crate) final_text: Option<Path>,
    /// What is said of a fault that does not end the run by itself.
    pub(crate) notice: Option<Paths>,
    /// The run failed, and what is said of it.
    pub(crate) error: Option<Paths>,
    /// The answer is whole.
    pub(crate) done: bool,
}

/// Where a tool call has its parts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallRule {
    /// Its id; one is made up where there is none.
    pub(crate) id: Option<Path>,
    /// The tool's name.
    pub(crate) name: Path,
    /// The whole input.
    pub(crate) arguments: Option<Arguments>,
}

/// Where the whole input of a call is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Arguments {
    /// In one place, as JSON or JSON text.
    At(Path),
    /// Among other members: those of the input, and where each is.
    Members(BTreeMap<String, Path>),
}

/// Where the counts are. Several places are summed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageRule {
    /// Tokens of the request.
    pub(crate) prompt_tokens: Paths,
    /// Tokens of the answer.
    pub(crate) completion_tokens: Paths,
    /// Those of the request that a cache served.
    pub(crate) cached_tokens: Option<Paths>,
    /// Those of the answer that are reasoning.
    pub(crate) reasoning_tokens: Option<Paths>,
    /// All, where some of the answer's, its thoughts, are counted here alone.
    pub(crate) total_tokens: Option<Paths>,
}

impl Rule {
    /// Whether the rule is about an event.
    pub(crate) fn fits(&self, kind: Option<&str>, event: &Value) -> bool {
        let of_kind = self.kind.as_deref().is_none_or(|wanted| Some(wanted) == kind);
        of_kind
            && self.when.iter().all(|(path, wanted)| {
                let found = Path::from(path.as_str()).find(event);
                found.unwrap_or(&Value::Null) == wanted
            })
    }

    /// Whether the rule is about calls of tools and nothing else.
    pub(crate) fn is_of_calls(&self) -> bool {
        self.tool_call.is_some() || self.arguments.is_some()
    }
}
