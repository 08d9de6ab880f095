//! Output items as they grow, and the events that tell of it.
//!
//! Reasoning and messages follow each other: each ends where something else begins. Calls may be
//! interleaved, so each stays open until the reply ends.

use patchbay_sdk::canonical::chat::ReasoningDetail;
use patchbay_sdk::reply::join_detail;

use super::chunk::{Call, Text};
use super::events::{Event, Events};
use super::output_item::{OutputItem, Part, PartKind, Status};
use crate::logprobs::Logprob;
use crate::reasoning;

/// The output so far.
pub(super) struct Output {
    pub(super) items: Vec<OutputItem>,
    pub(super) events: Events,
    /// What ids of items are made of.
    base: String,
    /// The reasoning or message that is open.
    speaking: Option<usize>,
    /// Which piece of reasoning the open part of a summary shows.
    piece: Option<u32>,
    /// Places of the calls, by their canonical index.
    calls: Vec<(u32, usize)>,
}

impl Output {
    pub(super) fn new(streaming: bool) -> Self {
        Self {
            items: Vec::new(),
            events: Events::new(streaming),
            base: String::new(),
            speaking: None,
            piece: None,
            calls: Vec::new(),
        }
    }

    pub(super) fn set_base(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// Appends text of a kind.
    pub(super) fn say(&mut self, kind: PartKind, text: &str, mut logprobs: Vec<Logprob>) {
        let at = self.listen(kind);
        let Some(item) = self.items.get_mut(at) else { return };
        let mut event = Event { delta: Some(text), ..Event::of_part(kind.delta(), at, item) };
        if kind == PartKind::Text {
            event.logprobs = Some(&logprobs);
        }
        self.events.write(event);
        let Some(part) = item.parts_mut().and_then(|parts| parts.last_mut()) else { return };
        part.text_mut().push_str(text);
        if let Part::OutputText { logprobs: all, .. } = part {
            all.append(&mut logprobs);
        }
    }

    /// Whether the text of a message is open.
    pub(super) fn is_saying_text(&self) -> bool {
        self.open_part() == Some(PartKind::Text)
    }

    /// Whether open reasoning is shown piece by piece.
    pub(super) fn shows_pieces(&self) -> bool {
        self.piece.is_some() && self.open_reasoning().is_some()
    }

    /// Takes a piece of reasoning that can be given back.
    pub(super) fn think(&mut self, detail: ReasoningDetail) {
        if self.open_reasoning().is_none_or(|item| !item.goes_on_with(&detail)) {
            self.end_speaking(Status::Completed);
            let id = detail.id.as_deref().filter(|_| reasoning::is_native(&detail));
            let id = id.map_or_else(|| self.new_id("rs"), str::to_owned);
            self.begin_speaking(OutputItem::new_reasoning(id));
        }
        let readable = detail.text.as_deref().or(detail.summary.as_deref()).unwrap_or_default();
        if !readable.is_empty() {
            if self.piece.is_some() && self.piece != detail.index {
                self.begin_part(PartKind::Summary);
            }
            self.piece = detail.index;
            self.say(PartKind::Summary, readable, Vec::new());
        }
        let at = self.speaking.and_then(|at| self.items.get_mut(at));
        if let Some(OutputItem::Reasoning { details, .. }) = at {
            join_detail(details, detail);
        }
    }

    /// Takes a call or a fragment of one.
    pub(super) fn call(&mut self, position: u32, call: &Call<'_>) {
        let index = call.index.unwrap_or(position);
        let (name, fragment) = match (&call.function, &call.custom) {
            (_, Some(custom)) => (custom.name.as_ref(), custom.input.as_ref()),
            (Some(function), None) => (function.name.as_ref(), function.arguments.as_ref()),
            (None, None) => (None, None),
        };
        let known = self.calls.iter().find(|(known, _)| *known == index).map(|(_, at)| *at);
        let at = known.unwrap_or_else(|| self.begin_call(index, call, Text::of(name)));
        self.call_fragment(at, Text::of(fragment));
    }

    /// Ends everything that is open. A reply without any output is one empty message.
    pub(super) fn end(&mut self, ending: Status) {
        if self.items.is_empty() && ending == Status::Completed {
            self.listen(PartKind::Text);
        }
        for at in 0..self.items.len() {
            if self.items.get(at).is_some_and(OutputItem::is_open) {
                self.end_item(at, ending);
            }
        }
        self.speaking = None;
    }

    /// Opens the item and the part that text of a kind belongs to; returns the item's place.
    fn listen(&mut self, kind: PartKind) -> usize {
        let fits = |item: &OutputItem| match item {
            OutputItem::Reasoning { .. } => kind == PartKind::Summary,
            _ => kind != PartKind::Summary,
        };
        if !self.speaking.and_then(|at| self.items.get(at)).is_some_and(fits) {
            self.end_speaking(Status::Completed);
            let item = match kind {
                PartKind::Summary => OutputItem::new_reasoning(self.new_id("rs")),
                PartKind::Text | PartKind::Refusal => OutputItem::new_message(self.new_id("msg")),
            };
            self.begin_speaking(item);
        }
        let at = self.speaking.unwrap_or_default();
        if self.open_part() != Some(kind) {
            self.begin_part(kind);
        }
        at
    }

    fn open_part(&self) -> Option<PartKind> {
        self.items.get(self.speaking?)?.parts().last().map(Part::kind)
    }

    fn begin_speaking(&mut self, item: OutputItem) {
        self.piece = None;
        self.speaking = Some(self.begin_item(item));
    }

    fn end_speaking(&mut self, ending: Status) {
        if let Some(at) = self.speaking.take() {
            self.end_item(at, ending);
        }
    }

    fn open_reasoning(&self) -> Option<&OutputItem> {
        let item = self.items.get(self.speaking?)?;
        matches!(item, OutputItem::Reasoning { .. }).then_some(item)
    }

    /// Begins a part of the open item, after ending the one before.
    fn begin_part(&mut self, kind: PartKind) {
        let Some(at) = self.speaking else { return };
        self.end_part(at);
        let Some(item) = self.items.get_mut(at) else { return };
        let Some(parts) = item.parts_mut() else { return };
        parts.push(kind.empty_part());
        let event = Event::of_part(kind.part_added(), at, item);
        self.events.write(Event { part: item.parts().last(), ..event });
    }

    /// Tells that the last part of an item is whole.
    fn end_part(&mut self, at: usize) {
        let Some(item) = self.items.get(at) else { return };
        let Some(part) = item.parts().last() else { return };
        let kind = part.kind();
        let event = Event::of_part(kind.done(), at, item);
        self.events.write(match part {
            Part::OutputText { text, logprobs, .. } => {
                Event { text: Some(text), logprobs: Some(logprobs), ..event }
            }
            Part::SummaryText { text } => Event { text: Some(text), ..event },
            Part::Refusal { refusal } => Event { refusal: Some(refusal), ..event },
        });
        let event = Event::of_part(kind.part_done(), at, item);
        self.events.write(Event { part: Some(part), ..event });
    }

    fn begin_call(&mut self, index: u32, call: &Call<'_>, name: &str) -> usize {
        self.end_speaking(Status::Completed);
        let call_id = match Text::of(call.id.as_ref()) {
            "" => format!("call_{}_{index}", self.base),
            id => id.to_owned(),
        };
        let item = match &call.custom {
            Some(_) => OutputItem::new_custom_call(self.new_id("ctc"), call_id, name),
            None => OutputItem::new_call(self.new_id("fc"), call_id, name),
        };
        let at = self.begin_item(item);
        self.calls.push((index, at));
        at
    }

    fn call_fragment(&mut self, at: usize, fragment: &str) {
        let Some(item) = self.items.get_mut(at).filter(|_| !fragment.is_empty()) else { return };
        let kind = match item {
            OutputItem::CustomToolCall { .. } => "response.custom_tool_call_input.delta",
            _ => "response.function_call_arguments.delta",
        };
        self.events.write(Event { delta: Some(fragment), ..Event::of_item(kind, at, item) });
        if let Some(whole) = item.argument_mut() {
            whole.push_str(fragment);
        }
    }

    fn begin_item(&mut self, item: OutputItem) -> usize {
        let at = self.items.len();
        self.events.write(Event {
            kind: "response.output_item.added",
            output_index: Some(at),
            item: Some(&item),
            ..Event::default()
        });
        self.items.push(item);
        at
    }

    fn end_item(&mut self, at: usize, ending: Status) {
        self.end_part(at);
        self.end_arguments(at);
        let Some(item) = self.items.get_mut(at) else { return };
        item.end(ending);
        self.events.write(Event {
            kind: "response.output_item.done",
            output_index: Some(at),
            item: Some(item),
            ..Event::default()
        });
    }

    fn end_arguments(&mut self, at: usize) {
        if let Some(OutputItem::FunctionCall { arguments, .. }) = self.items.get(at)
            && arguments.is_empty()
        {
            self.call_fragment(at, "{}");
        }
        match self.items.get(at) {
            Some(item @ OutputItem::FunctionCall { arguments, name, .. }) => {
                let event = Event::of_item("response.function_call_arguments.done", at, item);
                let (name, arguments) = (Some(name.as_str()), Some(arguments.as_str()));
                self.events.write(Event { name, arguments, ..event });
            }
            Some(item @ OutputItem::CustomToolCall { input, .. }) => {
                let event = Event::of_item("response.custom_tool_call_input.done", at, item);
                self.events.write(Event { input: Some(input), ..event });
            }
            _ => {}
        }
    }

    /// An id that no other item of the reply has.
    fn new_id(&self, prefix: &str) -> String {
        format!("{prefix}_{}_{}", self.base, self.items.len())
    }
}
