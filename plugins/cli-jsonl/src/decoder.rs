//! A program's events as a canonical reply.

use patchbay_sdk::reply::{ReplyWriter, TokenUsage};
use patchbay_sdk::split::LineSplitter;
use patchbay_sdk::{Call, Decoder, Document, Ending, Failure, ReplyIdentity, ResponseHead, log};
use serde_json::{Map, Value};

use crate::path::{Path, Paths};
use crate::rule::{Arguments, CallRule, Rule, UsageRule};
use crate::settings::EventSettings;

/// Most characters of a tool's own words in a failure.
const MAX_SAID_CHARS: usize = 500;

/// Reads a program's events.
pub struct EventDecoder(Result<Box<Events>, Failure>);

struct Events {
    reply: ReplyWriter,
    lines: LineSplitter,
    rules: Vec<Rule>,
    kind: Path,
    told: Told,
}

/// What the events have said so far.
#[derive(Default)]
struct Told {
    text: Paragraphs,
    reasoning: Paragraphs,
    /// The call that began last, and whether it has arguments.
    call: Option<u32>,
    final_text: Option<String>,
    notice: Option<String>,
    done: bool,
    known: u64,
    unknown: u64,
    no_json: u64,
}

/// What has been said in one channel, text or reasoning.
#[derive(Default)]
struct Paragraphs {
    any: bool,
    /// The next piece begins a paragraph.
    ended: bool,
}

impl Paragraphs {
    /// Whether a blank line goes before the next piece.
    fn begin(&mut self, is_paragraph: bool) -> bool {
        let ended = std::mem::take(&mut self.ended);
        std::mem::replace(&mut self.any, true) && (is_paragraph || ended)
    }
}

impl Decoder for EventDecoder {
    fn new(call: Call, identity: ReplyIdentity, _: ResponseHead) -> Self {
        Self(EventSettings::of(&call).map(|settings| {
            Box::new(Events {
                reply: ReplyWriter::new(&call, &identity),
                lines: LineSplitter::new(settings.max_line_bytes),
                kind: settings.kind.clone(),
                rules: settings.rules(),
                told: Told::default(),
            })
        }))
    }

    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Document>, Failure> {
        let events = self.0.as_mut().map_err(|failure| failure.clone())?;
        for line in events.lines.push(chunk)? {
            events.read(&line)?;
        }
        Ok(events.reply.take())
    }

    fn finish(self, ending: Ending) -> Result<Vec<Document>, Failure> {
        self.0?.finish(ending)
    }
}

impl Events {
    fn read(&mut self, line: &[u8]) -> Result<(), Failure> {
        if self.told.done {
            return Ok(());
        }
        let Ok(event @ Value::Object(_)) = serde_json::from_slice::<Value>(line) else {
            self.told.no_json += 1;
            return Ok(());
        };
        let kind = self.kind.text(&event);
        let mut is_known = false;
        for rule in self.rules.iter().filter(|rule| rule.fits(kind, &event)) {
            is_known = true;
            self.told.follow(rule, &event, &mut self.reply)?;
        }
        *(if is_known { &mut self.told.known } else { &mut self.told.unknown }) += 1;
        Ok(())
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<Document>, Failure> {
        if ending == Ending::Broken {
            let message = "the program ended before its output was complete";
            return Err(Failure::truncated(message));
        }
        if let Some(line) = std::mem::take(&mut self.lines).finish() {
            self.read(&line)?;
        }
        self.told.log();
        let has_end = self.rules.iter().any(|rule| rule.done);
        if has_end && !self.told.done {
            return Err(match self.told.notice {
                Some(notice) => failed(&notice),
                None => Failure::truncated(
                    "the program's output ended before the event that says it is complete",
                ),
            });
        }
        if self.told.known == 0 {
            return Err(Failure::upstream(
                "the program printed no event that the provider's settings know",
            ));
        }
        if let Some(text) = self.told.final_text.filter(|_| !self.told.text.any) {
            self.reply.text(&text);
        }
        Ok(self.reply.end())
    }
}

impl Told {
    fn follow(
        &mut self,
        rule: &Rule,
        event: &Value,
        reply: &mut ReplyWriter,
    ) -> Result<(), Failure> {
        if let Some(paths) = &rule.error {
            return Err(failed(paths.text(event).unwrap_or("an error")));
        }
        self.text.ended |= rule.new_paragraph;
        self.reasoning.ended |= rule.new_paragraph;
        if let Some(reasoning) = piece(rule.reasoning.as_ref(), event) {
            if self.reasoning.begin(rule.paragraph) {
                reply.reasoning_text("\n\n");
            }
            reply.reasoning_text(reasoning);
        }
        if let Some(text) = piece(rule.text.as_ref(), event) {
            if self.text.begin(rule.paragraph) {
                reply.text("\n\n");
            }
            reply.text(text);
        }
        if let Some(call) = &rule.tool_call {
            self.begin_call(call, event, reply);
        }
        if let (Some(fragment), Some(call)) = (piece(rule.arguments.as_ref(), event), self.call) {
            reply.arguments(call, fragment);
        }
        if let Some(usage) = rule.usage.as_ref().and_then(|rule| tokens(rule, event)) {
            reply.usage(usage);
        }
        if let Some(text) = piece(rule.final_text.as_ref(), event) {
            self.final_text = Some(text.to_owned());
        }
        if let Some(notice) = rule.notice.as_ref().and_then(|paths| paths.text(event)) {
            self.notice = Some(notice.to_owned());
        }
        self.done |= rule.done;
        Ok(())
    }

    /// A call without a name is none.
    fn begin_call(&mut self, rule: &CallRule, event: &Value, reply: &mut ReplyWriter) {
        self.call = None;
        let Some(name) = rule.name.text(event) else {
            return;
        };
        let id = rule.id.as_ref().and_then(|path| path.text(event));
        let call = reply.begin_call(id, name);
        match &rule.arguments {
            None => self.call = Some(call),
            Some(Arguments::At(path)) => match path.find(event) {
                None => {}
                Some(Value::String(text)) => reply.arguments(call, text),
                Some(input) => reply.arguments(call, &input.to_string()),
            },
            Some(Arguments::Members(members)) => {
                let found = members
                    .iter()
                    .filter_map(|(name, path)| Some((name.clone(), path.find(event)?.clone())));
                reply.arguments(call, &Value::Object(Map::from_iter(found)).to_string());
            }
        }
    }

    fn log(&self) {
        if self.no_json + self.unknown > 0 {
            let Self { no_json, unknown, known, .. } = self;
            log::debug(format_args!(
                "of the program's lines {known} were read, {unknown} are events that no rule \
                 knows, and {no_json} are no JSON objects"
            ));
        }
    }
}

/// A text that is there and not empty.
fn piece<'v>(path: Option<&Path>, event: &'v Value) -> Option<&'v str> {
    path.and_then(|path| path.text(event)).filter(|text| !text.is_empty())
}

fn tokens(rule: &UsageRule, event: &Value) -> Option<TokenUsage> {
    let (prompt, completion) = (rule.prompt_tokens.sum(event), rule.completion_tokens.sum(event));
    prompt.or(completion)?;
    let (prompt_tokens, said) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    let count = |paths: &Option<Paths>| paths.as_ref().and_then(|it| it.sum(event)).unwrap_or(0);
    let completion_tokens = count(&rule.total_tokens).saturating_sub(prompt_tokens).max(said);
    let thought = completion_tokens - said;
    Some(TokenUsage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
        cached_tokens: count(&rule.cached_tokens),
        reasoning_tokens: count(&rule.reasoning_tokens).max(thought).min(completion_tokens),
    })
}

fn failed(said: &str) -> Failure {
    let said: String = said.chars().take(MAX_SAID_CHARS).collect();
    Failure::upstream(format!("the program says that it failed: {said}"))
}
