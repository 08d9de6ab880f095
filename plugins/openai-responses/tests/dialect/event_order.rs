//! A strict reader of this API's event streams: it knows which event may follow which.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Reads a stream and checks its framing, numbers, order and texts. Returns the events.
pub(crate) fn checked(stream: &[u8]) -> Vec<Value> {
    let events = framed(stream);
    let mut order = Order::default();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
        assert!(!order.ended, "after the end: {event}");
        order.take(event);
    }
    assert!(order.ended, "no end");
    events
}

/// Events, each with its name and its data on one line.
pub(crate) fn framed(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"), "the last event is not whole");
    let events = text.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').expect("two lines");
        let data = data.strip_prefix("data: ").expect("data");
        let data: Value = serde_json::from_str(data).expect("JSON on one line");
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str(), "{data}");
        data
    });
    events.collect()
}

#[derive(Default)]
struct Order {
    begun: u32,
    ended: bool,
    response_id: Value,
    items: BTreeMap<u64, Item>,
    done: BTreeMap<u64, Value>,
}

struct Item {
    id: Value,
    kind: String,
    /// Texts of parts that are over, and of the one that is open.
    parts: Vec<Part>,
    arguments: String,
    arguments_done: bool,
}

struct Part {
    kind: Value,
    text: String,
    text_done: bool,
    done: bool,
}

impl Order {
    fn take(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap();
        match (self.begun, kind) {
            (0, "response.created") | (1, "response.in_progress") => self.begin(event),
            (0 | 1, _) => panic!("not yet: {event}"),
            (_, "response.output_item.added") => self.add_item(event),
            (_, "response.output_item.done") => self.end_item(event),
            (_, "response.completed" | "response.incomplete") => self.end(event),
            (_, "response.failed") => {
                assert_eq!(event["response"]["status"], "failed");
                assert!(event["response"]["error"]["code"].is_string());
                self.ended = true;
            }
            _ => self.take_in_item(kind, event),
        }
    }

    fn begin(&mut self, event: &Value) {
        let response = &event["response"];
        assert_eq!(response["status"], "in_progress");
        assert_eq!(response["output"], json!([]));
        assert_eq!(response["usage"], Value::Null);
        if self.begun == 1 {
            assert_eq!(response["id"], self.response_id);
        }
        self.response_id = response["id"].clone();
        self.begun += 1;
    }

    fn add_item(&mut self, event: &Value) {
        let place = event["output_index"].as_u64().unwrap();
        assert_eq!(place as usize, self.items.len() + self.done.len(), "gap: {event}");
        let item = &event["item"];
        assert_eq!(item["status"], "in_progress");
        for member in ["content", "summary"] {
            assert!(item.get(member).is_none_or(|list| *list == json!([])), "{event}");
        }
        for member in ["arguments", "input"] {
            assert!(item.get(member).is_none_or(|text| text == ""), "{event}");
        }
        let item = Item {
            id: item["id"].clone(),
            kind: item["type"].as_str().unwrap().to_owned(),
            parts: Vec::new(),
            arguments: String::new(),
            arguments_done: false,
        };
        assert!(item.id.is_string());
        self.items.insert(place, item);
    }

    fn take_in_item(&mut self, kind: &str, event: &Value) {
        let place = event["output_index"].as_u64().unwrap();
        let item = self.items.get_mut(&place).unwrap_or_else(|| panic!("no open item: {event}"));
        assert_eq!(event["item_id"], item.id, "{event}");
        let is_summary = item.kind == "reasoning";
        let index = if is_summary { "summary_index" } else { "content_index" };
        if item.kind == "message" || is_summary {
            let part = event[index].as_u64().unwrap() as usize;
            item.take_in_part(kind, part, event);
        } else {
            item.take_in_call(kind, event);
        }
    }

    fn end_item(&mut self, event: &Value) {
        let place = event["output_index"].as_u64().unwrap();
        let item = self.items.remove(&place).unwrap_or_else(|| panic!("no open item: {event}"));
        let done = &event["item"];
        assert_eq!(done["id"], item.id);
        assert_eq!(done["type"], item.kind.as_str());
        assert_ne!(done["status"], "in_progress");
        match item.kind.as_str() {
            "function_call" | "custom_tool_call" => {
                assert!(item.arguments_done, "{event}");
                let member = if item.kind == "function_call" { "arguments" } else { "input" };
                assert_eq!(done[member], item.arguments.as_str());
            }
            kind => {
                let member = if kind == "message" { "content" } else { "summary" };
                let parts = done[member].as_array().unwrap();
                assert_eq!(parts.len(), item.parts.len());
                for (whole, part) in parts.iter().zip(item.parts) {
                    assert!(part.done, "{event}");
                    assert_eq!(text_of(whole), part.text);
                }
            }
        }
        self.done.insert(place, done.clone());
    }

    fn end(&mut self, event: &Value) {
        assert!(self.items.is_empty(), "items are open: {event}");
        let response = &event["response"];
        let kind = event["type"].as_str().unwrap();
        assert_eq!(format!("response.{}", response["status"].as_str().unwrap()), kind);
        assert_eq!(response["id"], self.response_id);
        let output: Vec<Value> = self.done.values().cloned().collect();
        assert_eq!(response["output"], Value::Array(output));
        self.ended = true;
    }
}

impl Item {
    fn take_in_part(&mut self, kind: &str, index: usize, event: &Value) {
        let added = ["response.content_part.added", "response.reasoning_summary_part.added"];
        if added.contains(&kind) {
            assert_eq!(index, self.parts.len(), "{event}");
            assert!(self.parts.iter().all(|part| part.done), "two open parts: {event}");
            assert_eq!(text_of(&event["part"]), "");
            let kind = event["part"]["type"].clone();
            self.parts.push(Part { kind, text: String::new(), text_done: false, done: false });
            return;
        }
        assert_eq!(index + 1, self.parts.len(), "{event}");
        let part = self.parts.last_mut().unwrap();
        assert!(!part.done, "{event}");
        let family = match part.kind.as_str().unwrap() {
            "output_text" => "response.output_text.",
            "refusal" => "response.refusal.",
            "summary_text" => "response.reasoning_summary_text.",
            other => panic!("{other}"),
        };
        match kind.strip_prefix(family) {
            Some("delta") => {
                assert!(!part.text_done);
                part.text.push_str(event["delta"].as_str().unwrap());
                assert_eq!(event["logprobs"].is_array(), family == "response.output_text.");
            }
            Some("done") => {
                assert!(!part.text_done);
                let text = event.get("text").or(event.get("refusal")).unwrap();
                assert_eq!(text, part.text.as_str());
                part.text_done = true;
            }
            _ => {
                let done = ["response.content_part.done", "response.reasoning_summary_part.done"];
                assert!(done.contains(&kind) && part.text_done, "{event}");
                assert_eq!(text_of(&event["part"]), part.text);
                part.done = true;
            }
        }
    }

    fn take_in_call(&mut self, kind: &str, event: &Value) {
        assert!(!self.arguments_done, "{event}");
        let (family, whole) = match self.kind.as_str() {
            "function_call" => ("response.function_call_arguments.", "arguments"),
            _ => ("response.custom_tool_call_input.", "input"),
        };
        match kind.strip_prefix(family) {
            Some("delta") => self.arguments.push_str(event["delta"].as_str().unwrap()),
            Some("done") => {
                assert_eq!(event[whole], self.arguments.as_str());
                self.arguments_done = true;
            }
            _ => panic!("not in a call: {event}"),
        }
    }
}

fn text_of(part: &Value) -> &str {
    let text = part.get("text").or(part.get("refusal"));
    text.and_then(Value::as_str).unwrap_or_else(|| panic!("no text: {part}"))
}
