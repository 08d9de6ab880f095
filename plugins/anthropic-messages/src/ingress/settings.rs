//! What a request says about the answer: thinking, form, user, tier.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{ChatRequest, JsonSchemaFormat, ResponseFormat};
use patchbay_sdk::canonical::{Number, RawJson};

use super::members::Reader;
use crate::json::raw;

/// From these budgets on, an effort is the nearest word.
const MEDIUM_BUDGET: u64 = 4096;
const HIGH_BUDGET: u64 = 16_384;

pub(super) fn read(reader: &mut Reader, request: &mut ChatRequest) -> Result<(), Failure> {
    let thinking = thinking(reader)?;
    output(reader, request)?;
    request.reasoning_effort = request.reasoning_effort.take().or(thinking);
    // Before `output_config` there was this member.
    if let Some(mut format) = reader.take_object("output_format")? {
        let schema = schema(&mut format)?;
        request.response_format.get_or_insert(schema);
    }
    if let Some(mut metadata) = reader.take_object("metadata")? {
        request.user = metadata.take("user_id")?;
        let rest = metadata.rest();
        request.metadata = (!rest.is_empty()).then_some(rest);
    }
    let tier: Option<String> = reader.take("service_tier")?;
    request.service_tier = match tier.as_deref() {
        Some("standard_only") => Some("default".to_owned()),
        _ => tier,
    };
    Ok(())
}

/// The effort that `thinking` amounts to.
fn thinking(reader: &mut Reader) -> Result<Option<String>, Failure> {
    let Some(mut thinking) = reader.take_object("thinking")? else { return Ok(None) };
    let effort = match thinking.kind()?.as_str() {
        "enabled" => {
            let budget: Number = thinking.require("budget_tokens")?;
            match budget.as_u64().unwrap_or(0) {
                HIGH_BUDGET.. => "high",
                MEDIUM_BUDGET.. => "medium",
                _ => "low",
            }
        }
        "adaptive" => "high",
        _ => return Ok(None),
    };
    Ok(Some(effort.to_owned()))
}

/// `output_config`: effort and format have canonical members, others stay.
fn output(reader: &mut Reader, request: &mut ChatRequest) -> Result<(), Failure> {
    let Some(mut config) = reader.take_object("output_config")? else { return Ok(()) };
    request.reasoning_effort = config.take("effort")?;
    if let Some(mut format) = config.take_object("format")? {
        request.response_format = Some(schema(&mut format)?);
    }
    let rest = config.rest();
    if !rest.is_empty() {
        request.extra.insert_raw("output_config", raw(&rest));
    }
    Ok(())
}

fn schema(format: &mut Reader) -> Result<ResponseFormat, Failure> {
    if format.kind()? != "json_schema" {
        return Err(format.wrong("type", "has to be json_schema"));
    }
    let schema: RawJson = format.require("schema")?;
    Ok(ResponseFormat {
        kind: "json_schema".to_owned(),
        json_schema: Some(JsonSchemaFormat {
            // Canonical wants a name, and this dialect has none.
            name: "answer".to_owned(),
            schema: Some(schema),
            strict: Some(true),
            ..JsonSchemaFormat::default()
        }),
        ..ResponseFormat::default()
    })
}
