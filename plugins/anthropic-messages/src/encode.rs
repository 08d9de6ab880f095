//! A canonical chat request as a body of the messages API.
//!
//! What the API has a member for is carried; what it has none for is named as dropped, because it
//! refuses bodies with members that it does not know. Members of the API that canonical does not
//! know ([`CARRIED`]) are carried as they are: a caller who sends `thinking` or `top_k` means it.
//!
//! Deliberate: `temperature` over 1 becomes 1, the API's limit, and is named, because a refusal
//! would keep a request from its answer over a nuance; `user` becomes `metadata.user_id`;
//! `metadata` is named, because nothing stores it; `stream_options` and `n: 1` say what is the
//! case anyway.
//!
//! Sources: <https://platform.claude.com/docs/en/api/messages>,
//! <https://platform.claude.com/docs/en/api/messages-count-tokens>.

mod block;
mod conversation;
mod limits;
mod parts;
mod thinking;
mod tools;

use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::request::{Dropped, read_chat};
use patchbay_sdk::{Call, Encoded, Failure};
use serde::Serialize;

use crate::json::{Members, of_type, raw};
use crate::settings::Manner;
use block::{Content, Turn};
use thinking::{Reasoning, Situation};

/// Members of the API that are carried as a caller wrote them. Those of
/// [`COUNTED`] count for a count of tokens too.
const CARRIED: [&str; 16] = [
    "thinking",
    "output_config",
    "cache_control",
    "context_management",
    "mcp_servers",
    "speed",
    "compaction",
    "container",
    "diagnostics",
    "inference_geo",
    "user_profile_id",
    "fallbacks",
    "fallback_credit_token",
    "billing_policy",
    "thread",
    "top_k",
];

/// The first of [`CARRIED`], which the count of tokens takes.
const COUNTED: &[&str] =
    &["thinking", "output_config", "cache_control", "context_management", "mcp_servers", "speed"];

/// The body, in the order in which the vendor writes it.
#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anthropic_version: Option<String>,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Content::is_empty")]
    system: Content,
    #[serde(flatten)]
    members: Object,
}

/// Rewrites a request for `chat` or `count-tokens`. `betas` of the body, which the vendor's
/// clients send as a header, are returned.
///
/// # Errors
/// `invalid-request` for messages that the API has no form for.
pub(crate) fn encode(call: &Call, canonical: &[u8]) -> Result<(Encoded, Vec<String>), Failure> {
    let manner = Manner::of(call)?;
    let mut request = read_chat(canonical)?;
    let mut writer =
        Writer { manner: &manner, dropped: Dropped::default(), members: Object::new() };
    let messages = std::mem::take(&mut request.messages);
    let conversation = conversation::write(messages, manner.mid_conversation, &mut writer.dropped)?;
    let betas = request.extra.take::<Vec<String>>("betas").ok().flatten().unwrap_or_default();
    let counts = call.operation == "count-tokens";
    let is_forced = writer.tools(&mut request);
    let situation = Situation { manner: &manner, conversation: &conversation, is_forced };
    let reasoning = thinking::of(&mut request, situation, &mut writer.dropped);
    if !counts {
        writer.limits(&request, &reasoning);
        writer.sampling(&mut request, &reasoning);
    }
    writer.output(&mut request, reasoning);
    writer.carry(&mut request.extra, counts);
    if !counts {
        writer.rest(&mut request);
    }
    let body = Body {
        model: manner.body_version.is_none().then_some(request.model),
        anthropic_version: manner.body_version.clone(),
        messages: conversation.turns,
        system: conversation.system,
        members: writer.members,
    };
    let body = serde_json::to_vec(&body).expect("keys are strings and memory takes it");
    Ok((Encoded::new(body).with_dropped(writer.dropped.into_paths()), betas))
}

/// The members of the body besides the conversation.
struct Writer<'a> {
    manner: &'a Manner,
    dropped: Dropped,
    members: Object,
}

impl Writer<'_> {
    fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.members.insert_raw(name, raw(value));
    }

    /// Tools and choice; says whether the model has to call one.
    fn tools(&mut self, request: &mut ChatRequest) -> bool {
        let tools = tools::definitions(request.tools.take(), &mut self.dropped);
        let choice = tools::choice(request, !tools.is_empty(), &mut self.dropped);
        if !tools.is_empty() {
            self.set("tools", &tools);
        }
        choice.is_some_and(|choice| {
            self.set("tool_choice", &choice);
            tools::is_forced(&choice)
        })
    }

    /// `output_config`, from `response_format` and `reasoning_effort`, and `thinking`.
    fn output(&mut self, request: &mut ChatRequest, reasoning: Reasoning) {
        if let Some(thinking) = reasoning.thinking {
            self.members.insert_raw("thinking", thinking);
        }
        let own = request.extra.take::<Object>("output_config").ok().flatten();
        let mut config = own.unwrap_or_default();
        if let Some(effort) = reasoning.effort
            && config.get_raw("effort").is_none()
        {
            config.insert_raw("effort", raw(&effort));
        }
        if let Some(format) = request.response_format.take()
            && let Some(format) = self.format(format)
        {
            config.insert_raw("format", raw(&format));
        }
        if !config.is_empty() {
            self.set("output_config", &config);
        }
    }

    /// Structured output, <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.
    /// The schema is always kept to the letter, and its name is a label for the caller.
    fn format(&mut self, format: ResponseFormat) -> Option<Object> {
        match (format.kind.as_str(), format.json_schema) {
            ("text", _) => None,
            ("json_schema", Some(schema)) => {
                let described = schema.description.is_some();
                self.dropped.add_if(described, "response_format.json_schema.description");
                let written = schema.schema.map(|it| of_type("json_schema").with("schema", &it));
                self.dropped.add_if(written.is_none(), "response_format");
                written
            }
            _ => {
                self.dropped.add("response_format");
                None
            }
        }
    }

    /// The API's own members; all others that nobody took are named.
    fn carry(&mut self, extra: &mut Object, counts: bool) {
        let carried = if counts { COUNTED } else { &CARRIED };
        for name in carried {
            if let Some(value) = extra.remove(name).filter(|value| !value.is_null()) {
                self.members.insert_raw(name, value);
            }
        }
        if counts {
            // What decides about an answer does not change the count of the question.
            CARRIED.iter().for_each(|name| drop(extra.remove(name)));
        }
        self.dropped.add_members("", extra);
    }

    /// What is left of the canonical members.
    fn rest(&mut self, request: &mut ChatRequest) {
        self.user(request);
        if let Some(tier) = request.service_tier.take() {
            match tier.as_str() {
                // `auto` uses what priority the account has.
                "auto" | "priority" => self.set("service_tier", "auto"),
                "default" | "standard_only" => self.set("service_tier", "standard_only"),
                _ => self.dropped.add("service_tier"),
            }
        }
        if request.stream == Some(true) {
            self.set("stream", &true);
        }
        for (name, number, nothing) in [
            ("n", &request.n, 1),
            ("presence_penalty", &request.presence_penalty, 0),
            ("frequency_penalty", &request.frequency_penalty, 0),
            ("top_logprobs", &request.top_logprobs, 0),
        ] {
            self.dropped.add_if(limits::asks(number.as_ref(), nothing), name);
        }
        let biased = request.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty());
        self.dropped.add_if(biased, "logit_bias");
        self.dropped.add_if(request.logprobs == Some(true), "logprobs");
        self.dropped.add_if(request.seed.is_some(), "seed");
    }

    /// Whom the provider may hold abuse against, without knowing who it is.
    fn user(&mut self, request: &mut ChatRequest) {
        let mut metadata = request.metadata.take().unwrap_or_default();
        let named = metadata.take::<String>("user_id").ok().flatten();
        if let Some(user) = request.user.take().or(named) {
            self.set("metadata", &Object::new().with("user_id", &user));
        }
        self.dropped.add_if(!metadata.is_empty(), "metadata");
    }
}
