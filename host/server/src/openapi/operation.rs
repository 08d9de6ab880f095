//! One operation: an endpoint, as the document describes it.

use std::collections::BTreeMap;

use exchange::FailureKind;
use serde::Serialize;
use serde_json::{Value, json};

/// An operation, built up from its name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    operation_id: &'static str,
    tags: [&'static str; 1],
    summary: &'static str,
    description: String,
    security: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<Value>,
    responses: BTreeMap<String, Value>,
    #[serde(skip)]
    access: Access,
    /// How it fails.
    #[serde(skip)]
    pub(super) refusals: Vec<(Form, FailureKind)>,
}

/// What errors look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// OpenAI's envelope.
    Caller,
    /// The same, which may have `problems`.
    Admin,
    /// Anthropic's envelope.
    Messages,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone.
    Open,
    /// The holder of an API key.
    Caller,
    /// An operator.
    Operator,
    /// An operator whose role is `admin`.
    Administrator,
}

impl Access {
    fn described(self) -> &'static str {
        match self {
            Self::Open => "Needs no key.",
            Self::Caller => "Needs an API key.",
            Self::Operator => "For the roles `viewer` and `admin`.",
            Self::Administrator => "For the role `admin`.",
        }
    }
}

impl Operation {
    /// An operation for whom it says, under a tag.
    pub(super) fn new(
        operation_id: &'static str,
        (access, tag): (Access, &'static str),
        summary: &'static str,
    ) -> Self {
        let security = match access {
            Access::Open => json!([]),
            Access::Caller => json!([{ "apiKey": [] }, { "apiKeyHeader": [] }]),
            Access::Operator | Access::Administrator => json!([{ "operatorToken": [] }]),
        };
        Self {
            operation_id,
            tags: [tag],
            summary,
            description: access.described().to_owned(),
            security,
            parameters: Vec::new(),
            request_body: None,
            responses: BTreeMap::new(),
            access,
            refusals: Vec::new(),
        }
    }

    /// What else there is to know.
    pub(super) fn described(mut self, description: &str) -> Self {
        self.description = format!("{description} {}", self.description);
        self
    }

    /// Takes parameters, by their names among the components.
    pub(super) fn taking(mut self, names: &[&str]) -> Self {
        let found = names.iter().map(|name| reference("parameters", name));
        self.parameters.extend(found);
        self
    }

    /// Takes a body of a schema, for example one of these.
    pub(super) fn body(mut self, schema: &str, examples: &[(&str, Value)]) -> Self {
        self.request_body = Some(json!({
            "required": true,
            "content": { "application/json": {
                "schema": reference("schemas", schema),
                "examples": named(examples),
            } },
        }));
        self
    }

    /// Takes a body that is no JSON.
    pub(super) fn raw_body(mut self, kind: &str, description: &str) -> Self {
        self.request_body = Some(json!({
            "required": true,
            "description": description,
            "content": { kind: { "schema": { "type": "string", "format": "binary" } } },
        }));
        self
    }

    /// Answers with this where all goes well.
    pub(super) fn reply(mut self, status: u16, reply: Value) -> Self {
        self.responses.insert(status.to_string(), reply);
        self
    }

    /// Whether it is for the role `admin` alone.
    pub(super) fn needs_role(&self) -> bool {
        self.access == Access::Administrator
    }

    /// Fails in a form, for one of these reasons.
    pub(super) fn refused(mut self, form: Form, kinds: impl Into<Vec<FailureKind>>) -> Self {
        for kind in kinds.into() {
            // The router answers that, which does not know a plugin's form.
            let is_routers = kind == FailureKind::MethodNotAllowed && form == Form::Messages;
            let form = if is_routers { Form::Caller } else { form };
            let status = kind.rule().status;
            let name = form.response_name(status);
            self.responses.insert(status.to_string(), reference("responses", &name));
            self.refusals.push((form, kind));
        }
        self
    }
}

/// Examples by name.
pub(super) fn named(examples: &[(&str, Value)]) -> Value {
    let examples = examples.iter();
    examples.map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect()
}

/// A reference to a component.
pub(super) fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

/// A reference to a schema.
pub(super) fn schema(name: &str) -> Value {
    reference("schemas", name)
}
