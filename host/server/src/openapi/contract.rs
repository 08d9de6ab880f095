//! The document as a test reads it: what it says of a request or a reply, and whether that holds.

use http::{HeaderMap, StatusCode};
use jsonschema::Draft;
use serde_json::{Value, json};

use super::openapi;

/// Headers of the transport, and of every answer of the admin API.
const OF_TRANSPORT: [&str; 5] =
    ["content-type", "content-length", "cache-control", "date", "transfer-encoding"];

/// The document.
pub(crate) struct Contract(Value);

impl Contract {
    pub(crate) fn read() -> Self {
        Self(serde_json::from_slice(&openapi().to_json()).unwrap())
    }

    /// All of it.
    pub(crate) fn document(&self) -> &Value {
        &self.0
    }

    /// Methods and paths of all operations: `GET /health`.
    pub(crate) fn labels(&self) -> Vec<String> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let labels = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_ascii_uppercase()))
        });
        labels.collect()
    }

    /// An operation, by its label.
    pub(crate) fn operation(&self, label: &str) -> &Value {
        let (method, path) = label.split_once(' ').unwrap();
        let operation = &self.0["paths"][path][method.to_ascii_lowercase()];
        assert!(operation.is_object(), "{label} is not described");
        operation
    }

    /// What a reference leads to, or the value itself.
    pub(crate) fn followed<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else { return value };
        let pointer = target.strip_prefix('#').unwrap();
        self.0.pointer(pointer).unwrap_or_else(|| panic!("{target} leads nowhere"))
    }

    /// A schema by its name.
    pub(crate) fn schema(&self, name: &str) -> Value {
        assert!(self.0["components"]["schemas"][name].is_object(), "there is no schema {name}");
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// What is wrong with a value by a schema; formats count.
    pub(crate) fn problems(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": self.0["components"]["schemas"] });
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        let validator = options.should_validate_formats(true).build(&schema).unwrap();
        let problems = validator.iter_errors(value);
        problems.map(|problem| format!("{}: {problem}", problem.instance_path())).collect()
    }

    /// Fails unless a reply is one that the operation describes.
    pub(crate) fn check(&self, label: &str, status: StatusCode, reply: (&HeaderMap, &[u8])) {
        let (headers, body) = reply;
        let described = &self.operation(label)["responses"][status.as_str()];
        let text = String::from_utf8_lossy(body);
        assert!(described.is_object(), "{label} does not describe {status}: {text}");
        let described = self.followed(described);
        self.check_headers((label, described), headers);
        let Some(content) = described.get("content") else {
            assert!(body.is_empty(), "{label} describes no body for {status}: {text}");
            return;
        };
        let kind = headers["content-type"].to_str().unwrap().split(';').next().unwrap();
        let schema = &content[kind]["schema"];
        assert!(schema.is_object(), "{label} {status} does not describe {kind}");
        let value = match kind {
            "application/json" => serde_json::from_slice(body).unwrap(),
            _ => Value::String(text.to_string()),
        };
        let problems = self.problems(schema, &value);
        assert!(problems.is_empty(), "{label} {status}: {problems:#?}\n{text}");
    }

    fn check_headers(&self, (label, described): (&str, &Value), headers: &HeaderMap) {
        let known = described["headers"].as_object().unwrap();
        for name in headers.keys().filter(|name| !OF_TRANSPORT.contains(&name.as_str())) {
            assert!(known.contains_key(name.as_str()), "{label} does not describe {name}");
        }
        for (name, header) in known {
            let header = self.followed(header);
            let found = headers.get(name);
            assert!(found.is_some() || header["required"] != true, "{label} has no {name}");
            let Some(text) = found.map(|value| value.to_str().unwrap()) else { continue };
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => text.parse::<u64>().unwrap().into(),
                _ => Value::from(text),
            };
            let problems = self.problems(&header["schema"], &value);
            assert!(problems.is_empty(), "{label} {name}: {problems:#?}");
        }
    }
}
