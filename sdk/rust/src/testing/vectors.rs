//! The shape of a manifest's self-test vectors. What they say of the plugin a gateway proves.

use serde_json::{Map, Value};

/// Most vectors that a gateway runs.
const MAX_VECTORS: usize = 64;
/// Members of every vector.
const OF_ALL: &[&str] = &["kind", "name", "expect"];
const REPLY: &[&str] = &["body", "body_base64"];

/// A function that vectors call.
struct Kind {
    name: &'static str,
    /// The kind of plugin that has it.
    of: &'static str,
    /// Which arguments it may be given.
    arguments: &'static [&'static str],
    /// Of these it is given exactly one.
    one_of: &'static [&'static str],
    /// Members of its answer.
    answer: &'static [&'static str],
}

const HEAD: [&str; 3] = ["method", "path", "headers"];

const KINDS: [Kind; 8] = [
    Kind {
        name: "plan",
        of: "normalizer",
        arguments: &["call"],
        one_of: &[],
        answer: &[HEAD[0], HEAD[1], HEAD[2], "encode_body", "verbatim"],
    },
    Kind {
        name: "encode",
        of: "normalizer",
        arguments: &["call"],
        one_of: &["canonical"],
        answer: &[HEAD[0], HEAD[1], HEAD[2], "body", "dropped", "extra"],
    },
    Kind {
        name: "decode",
        of: "normalizer",
        arguments: &["call", "status", "headers", "clean", "extra", "whole_only"],
        one_of: REPLY,
        answer: &["documents"],
    },
    Kind {
        name: "explain",
        of: "normalizer",
        arguments: &["call", "status", "headers"],
        one_of: REPLY,
        answer: &[],
    },
    Kind {
        name: "prepare",
        of: "http-adapter",
        arguments: &["call", "head"],
        one_of: &[],
        answer: &[HEAD[0], HEAD[1], HEAD[2], "credential"],
    },
    Kind {
        name: "process",
        of: "process-adapter",
        arguments: &["call"],
        one_of: &[],
        answer: &[
            "program",
            "arguments",
            "environment",
            "body_on_stdin",
            "timeout_ms",
            "credential",
        ],
    },
    Kind {
        name: "ingress-decode",
        of: "normalizer",
        arguments: &["head"],
        one_of: &["body"],
        answer: &["operation", "streaming", "canonical", "extra"],
    },
    Kind {
        name: "ingress-encode",
        of: "normalizer",
        arguments: &["extra", "streaming"],
        one_of: &["documents"],
        answer: &["status", "headers", "body"],
    },
];

/// What is wrong with the vectors of a plugin of some kind.
pub(super) fn problems(vectors: &[Value], plugin: &str) -> Vec<String> {
    let mut found = Vec::new();
    if vectors.len() > MAX_VECTORS {
        found.push(format!("self_test has more than {MAX_VECTORS} vectors"));
    }
    for (index, vector) in vectors.iter().enumerate() {
        let wrong = match vector.as_object() {
            Some(vector) => problems_of(vector, plugin),
            None => vec!["is no object".to_owned()],
        };
        found.extend(wrong.iter().map(|problem| format!("self_test[{index}] {problem}")));
    }
    found
}

fn problems_of(vector: &Map<String, Value>, plugin: &str) -> Vec<String> {
    let name = vector.get("kind").and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name && kind.of == plugin) else {
        let fitting = KINDS.iter().filter(|kind| kind.of == plugin).map(|kind| kind.name);
        let fitting: Vec<_> = fitting.collect();
        return vec![format!("kind {name:?} is none of {}", fitting.join(", "))];
    };
    let mut found = Vec::new();
    let given = kind.one_of.iter().filter(|member| vector.contains_key(**member)).count();
    if !kind.one_of.is_empty() && given != 1 {
        found.push(format!("({name}) has one of {}", kind.one_of.join(", ")));
    }
    let known = [OF_ALL, kind.arguments, kind.one_of];
    for member in vector.keys().filter(|member| !is_one_of(&known, member)) {
        found.push(format!("({name}) has no argument {member:?}"));
    }
    match vector.get("expect").and_then(Value::as_object) {
        Some(expect) if !expect.is_empty() => {
            for member in expect.keys().filter(|it| !is_one_of(&[kind.answer, &["failure"]], it)) {
                found.push(format!("({name}) answers no {member:?}"));
            }
        }
        Some(_) | None => found.push(format!("({name}) expects nothing")),
    }
    found
}

fn is_one_of(lists: &[&[&str]], member: &str) -> bool {
    lists.iter().any(|list| list.contains(&member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vector_names_a_function_of_the_plugin_its_arguments_and_an_answer() {
        let text = json!({ "body": "x" });
        for (plugin, vector, wrong) in [
            ("normalizer", json!({ "kind": "plan", "expect": { "path": "/" } }), ""),
            (
                "normalizer",
                json!({ "kind": "decode", "body": "", "expect": { "documents": [] } }),
                "",
            ),
            ("normalizer", json!({ "kind": "prepare", "expect": text }), "is none of plan, encode"),
            ("http-adapter", json!({ "kind": "plan", "expect": text }), "is none of prepare"),
            ("http-adapter", json!({ "expect": text }), "is none of prepare"),
            ("http-adapter", json!(1), "is no object"),
            ("normalizer", json!({ "kind": "plan" }), "expects nothing"),
            ("normalizer", json!({ "kind": "plan", "expect": {} }), "expects nothing"),
            ("normalizer", json!({ "kind": "plan", "expect": { "pth": 1 } }), "answers no \"pth\""),
            (
                "normalizer",
                json!({ "kind": "encode", "expect": text }),
                "(encode) has one of canonical",
            ),
            (
                "normalizer",
                json!({ "kind": "explain", "expect": { "failure": {} } }),
                "has one of body, body_base64",
            ),
            (
                "http-adapter",
                json!({ "kind": "prepare", "hedaers": {}, "expect": { "path": "/" } }),
                "has no argument \"hedaers\"",
            ),
        ] {
            let found = problems(std::slice::from_ref(&vector), plugin);
            assert_eq!(found.len(), usize::from(!wrong.is_empty()), "{vector}: {found:?}");
            assert!(found.iter().all(|it| it.contains(wrong)), "{vector}: {found:?}");
        }
        let many = vec![json!({ "kind": "plan", "expect": { "path": "/" } }); MAX_VECTORS + 1];
        assert_eq!(problems(&many, "normalizer"), ["self_test has more than 64 vectors"]);
    }
}
