//! Messages as input items.

use std::borrow::Cow;
use std::collections::HashSet;

use patchbay_sdk::canonical::chat::{
    Content, File, ImageUrl, Message, Part, PartView, Role, ToolCall,
};
use patchbay_sdk::canonical::{Object, RawJson};
use patchbay_sdk::request::Dropped;
use serde::Serialize;

use crate::reasoning::GivenBack;

/// One item of `input`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Message {
        role: &'a str,
        content: ItemContent<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<&'a RawJson>,
    },
    Reasoning(GivenBack<'a>),
    FunctionCall {
        call_id: Cow<'a, str>,
        name: &'a str,
        arguments: &'a str,
    },
    CustomToolCall {
        call_id: Cow<'a, str>,
        name: String,
        input: String,
    },
    FunctionCallOutput {
        call_id: &'a str,
        output: ItemContent<'a>,
    },
    CustomToolCallOutput {
        call_id: &'a str,
        output: ItemContent<'a>,
    },
}

/// A text, or parts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ItemContent<'a> {
    Text(&'a str),
    Parts(Vec<ItemPart<'a>>),
}

/// A part of an item's content.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ItemPart<'a> {
    InputText {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<&'a RawJson>,
    },
    OutputText {
        text: &'a str,
    },
    Refusal {
        refusal: &'a str,
    },
    InputImage {
        image_url: &'a str,
        detail: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<&'a RawJson>,
    },
    InputFile {
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a RawJson>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a RawJson>,
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<&'a RawJson>,
    },
}

/// The items of a conversation; what they cannot hold is named.
pub(super) fn items<'a>(messages: &'a [Message], dropped: &mut Dropped) -> Vec<Item<'a>> {
    let mut input =
        Input { items: Vec::with_capacity(messages.len()), custom: HashSet::new(), dropped };
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        match message.role {
            Role::Assistant => input.add_turn(message, &path),
            Role::Tool => input.add_result(message, &path),
            // A result that does not say which call it answers.
            Role::Function => input.dropped.add(path),
            _ => input.add_message(message, &path),
        }
    }
    input.items
}

struct Input<'a, 'd> {
    items: Vec<Item<'a>>,
    /// Ids of calls of custom tools: their results are items of another type.
    custom: HashSet<&'a str>,
    dropped: &'d mut Dropped,
}

impl<'a> Input<'a, '_> {
    fn add_message(&mut self, message: &'a Message, path: &str) {
        let content = self.content(message, path);
        self.items.push(Item::Message { role: message.role.as_str(), content, phase: None });
        self.drop_rest(message, path, &[]);
    }

    fn add_result(&mut self, message: &'a Message, path: &str) {
        let call_id = message.tool_call_id.as_deref().unwrap_or_default();
        let output = self.content(message, path);
        self.items.push(match self.custom.contains(call_id) {
            true => Item::CustomToolCallOutput { call_id, output },
            false => Item::FunctionCallOutput { call_id, output },
        });
        self.drop_rest(message, path, &[]);
    }

    /// What the model said in one turn: reasoning, then its message, then its calls.
    fn add_turn(&mut self, message: &'a Message, path: &str) {
        let parts = self.said(message, path);
        let calls = message.tool_calls.as_deref().unwrap_or_default();
        let details = message.reasoning_details.as_deref().unwrap_or_default();
        let (reasoning, mut lost) = GivenBack::from_details(details);
        let only_readable = message.reasoning_content.is_some() && details.is_empty();
        self.dropped.add_if(only_readable, &format!("{path}.reasoning_content"));
        if parts.is_empty() && calls.is_empty() {
            // The API refuses reasoning that nothing follows.
            lost |= !reasoning.is_empty();
        } else {
            self.items.extend(reasoning.into_iter().map(Item::Reasoning));
        }
        if !parts.is_empty() {
            let phase = message.extra.get_raw("phase");
            let content = ItemContent::Parts(parts);
            self.items.push(Item::Message { role: "assistant", content, phase });
        }
        for (index, call) in calls.iter().enumerate() {
            self.add_call(call, index, path);
        }
        self.dropped.add_if(lost, &format!("{path}.reasoning_details"));
        self.drop_rest(message, path, &["phase"]);
    }

    /// The text of the model's message, and why it declined.
    fn said(&mut self, message: &'a Message, path: &str) -> Vec<ItemPart<'a>> {
        let mut said = Vec::new();
        match &message.content {
            Some(Content::Text(text)) if !text.is_empty() => {
                said.push(ItemPart::OutputText { text })
            }
            Some(Content::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    match part.view() {
                        PartView::Text(text) => said.push(ItemPart::OutputText { text }),
                        PartView::Refusal(refusal) => said.push(ItemPart::Refusal { refusal }),
                        _ => self.dropped.add(format!("{path}.content[{index}]")),
                    }
                    self.drop_members(&format!("{path}.content[{index}]."), &part.extra, &[]);
                }
            }
            _ => {}
        }
        said.extend(message.refusal.as_deref().map(|refusal| ItemPart::Refusal { refusal }));
        said
    }

    fn add_call(&mut self, call: &'a ToolCall, index: usize, path: &str) {
        let path = format!("{path}.tool_calls[{index}]");
        let call_id = match call.id.as_deref() {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(format!("call_{}_{index}", self.items.len())),
        };
        if let Some(function) = &call.function {
            // A call without arguments has to be JSON all the same.
            let arguments = match function.arguments.as_str() {
                "" => "{}",
                arguments => arguments,
            };
            self.items.push(Item::FunctionCall { call_id, name: &function.name, arguments });
            self.drop_members(&format!("{path}.function."), &function.extra, &[]);
            self.drop_members(&format!("{path}."), &call.extra, &[]);
            return;
        }
        let Ok(Some(custom)) = call.extra.get::<Object>("custom") else {
            self.dropped.add(path);
            return;
        };
        let text = |name: &str| custom.get::<String>(name).ok().flatten().unwrap_or_default();
        self.custom.extend(call.id.as_deref());
        self.items.push(Item::CustomToolCall { call_id, name: text("name"), input: text("input") });
        self.drop_members(&format!("{path}."), &call.extra, &["custom"]);
    }

    fn content(&mut self, message: &'a Message, path: &str) -> ItemContent<'a> {
        match &message.content {
            None => ItemContent::Text(""),
            Some(Content::Text(text)) => ItemContent::Text(text),
            Some(Content::Parts(parts)) => {
                let parts = parts.iter().enumerate().filter_map(|(index, part)| {
                    self.part(part, &format!("{path}.content[{index}]"))
                });
                ItemContent::Parts(parts.collect())
            }
        }
    }

    fn part(&mut self, part: &'a Part, path: &str) -> Option<ItemPart<'a>> {
        let breakpoint = part.extra.get_raw("prompt_cache_breakpoint");
        self.drop_members(&format!("{path}."), &part.extra, &["prompt_cache_breakpoint"]);
        match part.view() {
            PartView::Text(text) => {
                Some(ItemPart::InputText { text, prompt_cache_breakpoint: breakpoint })
            }
            PartView::ImageUrl(image) => Some(self.image(image, breakpoint, path)),
            PartView::File(file) => Some(self.file(file, breakpoint, path)),
            // Sound has no place in this API.
            _ => {
                self.dropped.add(path);
                None
            }
        }
    }

    fn image(
        &mut self,
        image: &'a ImageUrl,
        prompt_cache_breakpoint: Option<&'a RawJson>,
        path: &str,
    ) -> ItemPart<'a> {
        self.drop_members(&format!("{path}.image_url."), &image.extra, &[]);
        let detail = image.detail.as_deref().unwrap_or("auto");
        ItemPart::InputImage { image_url: &image.url, detail, prompt_cache_breakpoint }
    }

    fn file(
        &mut self,
        file: &'a File,
        prompt_cache_breakpoint: Option<&'a RawJson>,
        path: &str,
    ) -> ItemPart<'a> {
        self.drop_members(&format!("{path}.file."), &file.extra, &["file_url", "detail"]);
        ItemPart::InputFile {
            file_data: file.file_data.as_deref(),
            file_id: file.file_id.as_deref(),
            filename: file.filename.as_deref(),
            file_url: file.extra.get_raw("file_url"),
            detail: file.extra.get_raw("detail"),
            prompt_cache_breakpoint,
        }
    }

    /// Names what a message has besides.
    fn drop_rest(&mut self, message: &Message, path: &str, except: &[&str]) {
        self.dropped.add_if(message.name.is_some(), &format!("{path}.name"));
        self.drop_members(&format!("{path}."), &message.extra, except);
    }

    fn drop_members(&mut self, prefix: &str, members: &Object, except: &[&str]) {
        if members.is_empty() {
            return;
        }
        let mut rest = members.clone();
        for name in except {
            rest.remove(name);
        }
        self.dropped.add_members(prefix, &rest);
    }
}
