//! Running one vector.

use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange::{
    EgressDialect, Ending, Failure, IngressDialect, RequestHead, RequestId, ResponseHead,
};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::decode::Recorded;
use super::given::{Given, GivenCall, GivenHead, GivenReply, extra};
use super::{Mismatch, Vector, compare};
use crate::load::Face;

pub(super) type Answer = Map<String, Value>;

/// Calls the function and compares its answer.
///
/// # Errors
/// The first difference.
pub(super) async fn run(vector: Vector, face: &Face, until: Instant) -> Result<(), Mismatch> {
    if Instant::now() >= until {
        return Err(Mismatch::NoTime(Duration::ZERO));
    }
    let Vector { given, expect, .. } = vector;
    if let Given::Decode { .. } = &given {
        return recorded(&given, face)?.compare(&expect, until).await;
    }
    let answer = answer(&given, face, until).await?;
    compare::expect(&expect, &answer, "")
}

fn recorded<'f>(given: &Given, face: &'f Face) -> Result<Recorded<'f>, Mismatch> {
    let Given::Decode { call, reply, clean, extra: kept, whole_only } = given else {
        return Err(Mismatch::Face { kind: "decode" });
    };
    Ok(Recorded {
        call: call.call()?,
        head: reply.head(200)?,
        body: reply.bytes()?,
        ending: if *clean { Ending::Clean } else { Ending::Broken },
        extra: extra(kept),
        whole_only: *whole_only,
        dialect: egress(face, "decode")?,
    })
}

/// What the function answers; a reply is decoded whole.
///
/// # Errors
/// If the vector is none of this plugin's, or the time is over.
pub(super) async fn answer(given: &Given, face: &Face, until: Instant) -> Result<Answer, Mismatch> {
    Ok(match given {
        Given::Decode { .. } => recorded(given, face)?.decode(&[usize::MAX], until).await?,
        Given::Plan { call } => plan(egress(face, "plan")?, call).await?,
        Given::Encode { call, canonical } => {
            encode(egress(face, "encode")?, call, canonical).await?
        }
        Given::Explain { call, reply } => explain(egress(face, "explain")?, call, reply).await?,
        Given::Prepare { call, head } => prepare(face, call, head).await?,
        Given::Process { call } => process(face, call).await?,
        Given::IngressDecode { head, body } => {
            ingress_decode(ingress(face, "ingress-decode")?, head, body).await?
        }
        Given::IngressEncode { extra: kept, streaming, documents } => {
            let dialect = ingress(face, "ingress-encode")?;
            or_failure(ingress_encode(dialect, extra(kept), (*streaming, documents)).await)
        }
    })
}

fn egress<'f>(face: &'f Face, kind: &'static str) -> Result<&'f dyn EgressDialect, Mismatch> {
    match face {
        Face::Dialect { egress: Some(egress), .. } => Ok(&**egress),
        Face::Dialect { egress: None, .. } | Face::Http(_) | Face::Process(_) => {
            Err(Mismatch::Face { kind })
        }
    }
}

fn ingress<'f>(face: &'f Face, kind: &'static str) -> Result<&'f dyn IngressDialect, Mismatch> {
    match face {
        Face::Dialect { ingress: Some(ingress), .. } => Ok(&**ingress),
        Face::Dialect { ingress: None, .. } | Face::Http(_) | Face::Process(_) => {
            Err(Mismatch::Face { kind })
        }
    }
}

async fn plan(dialect: &dyn EgressDialect, call: &GivenCall) -> Result<Answer, Mismatch> {
    let planned = dialect.plan(&call.call()?).await.map(|plan| {
        let mut answer = head_members(&plan.head);
        answer.insert("encode_body".into(), plan.encode_body.into());
        answer.insert("verbatim".into(), plan.verbatim.into());
        answer
    });
    Ok(or_failure(planned))
}

async fn encode(
    dialect: &dyn EgressDialect,
    call: &GivenCall,
    canonical: &Value,
) -> Result<Answer, Mismatch> {
    let mut exchange = dialect.open(call.call()?, request()?);
    let encoded = exchange.encode(Bytes::from(canonical.to_string())).await.map(|encoded| {
        let mut answer = encoded.head.as_ref().map(head_members).unwrap_or_default();
        answer.insert("body".into(), json(&encoded.body));
        answer.insert("dropped".into(), encoded.dropped.into());
        answer.insert("extra".into(), extra_members(&encoded.extra));
        answer
    });
    Ok(or_failure(encoded))
}

async fn explain(
    dialect: &dyn EgressDialect,
    call: &GivenCall,
    reply: &GivenReply,
) -> Result<Answer, Mismatch> {
    let (head, body) = (reply.head(500)?, reply.bytes()?);
    let told = dialect.open(call.call()?, request()?).explain(&head, body).await;
    Ok(or_failure(Err(told)))
}

async fn prepare(face: &Face, call: &GivenCall, head: &GivenHead) -> Result<Answer, Mismatch> {
    let Face::Http(adapter) = face else {
        return Err(Mismatch::Face { kind: "prepare" });
    };
    let prepared = adapter.prepare(&call.call()?, &head.head()?).await.map(|plan| {
        let mut answer = head_members(&plan.head);
        answer.insert("credential".into(), plan.credential.map(|(slot, _)| slot).into());
        answer
    });
    Ok(or_failure(prepared))
}

async fn process(face: &Face, call: &GivenCall) -> Result<Answer, Mismatch> {
    let Face::Process(adapter) = face else {
        return Err(Mismatch::Face { kind: "process" });
    };
    let prepared = adapter.prepare(&call.call()?).await.map(|(plan, _)| {
        let arguments = plan.arguments.into_iter();
        let environment: Answer =
            plan.environment.into_iter().map(|(name, value)| (name, value.into())).collect();
        members(json!({
            "program": plan.program,
            "arguments": arguments
                .map(|it| json!({ "text": it.text, "takes_body": it.takes_body }))
                .collect::<Vec<_>>(),
            "environment": environment,
            "body_on_stdin": plan.body_on_stdin,
            "timeout_ms": plan.timeout.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)),
            "credential": plan.credential,
        }))
    });
    Ok(or_failure(prepared))
}

async fn ingress_decode(
    dialect: &dyn IngressDialect,
    head: &GivenHead,
    body: &Value,
) -> Result<Answer, Mismatch> {
    let body = match body {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let decoded = dialect.decode(&head.head()?, body.into(), request()?).await.map(|decoded| {
        members(json!({
            "operation": decoded.operation.as_str(),
            "streaming": decoded.streaming,
            "canonical": json(&decoded.canonical),
            "extra": extra_members(&decoded.extra),
        }))
    });
    Ok(or_failure(decoded))
}

async fn ingress_encode(
    dialect: &dyn IngressDialect,
    kept: exchange::Extra,
    (streaming, documents): (bool, &[Value]),
) -> Result<Answer, Failure> {
    let Some(request) = RequestId::parse("self-test") else { return Ok(Answer::new()) };
    let mut writing = dialect.open(request);
    let head = writing.begin(kept, streaming).await?;
    let mut body = Vec::new();
    for document in documents {
        let document = Bytes::from(document.to_string());
        body.extend_from_slice(&writing.push(vec![document]).await?);
    }
    body.extend_from_slice(&writing.finish(None).await?);
    let mut answer = response_members(&head);
    answer.insert("body".into(), json(&body));
    Ok(answer)
}

fn request() -> Result<RequestId, Mismatch> {
    RequestId::parse("self-test").ok_or_else(|| Mismatch::Shape("no request id".into()))
}

fn or_failure(answer: Result<Answer, Failure>) -> Answer {
    answer.unwrap_or_else(|told| members(json!({ "failure": failure(&told) })))
}

/// A failure as vectors see it. A fault of the plugin has the runtime's reason for message.
pub(super) fn failure(told: &Failure) -> Value {
    let wait = told.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    json!({
        "kind": told.kind().rule().label,
        "message": told.message(),
        "param": told.param(),
        "retry_after_ms": wait,
        "upstream_code": told.upstream_code(),
        "cause": told.cause_chain(),
    })
}

/// Bytes as JSON; as a text if they are none.
pub(super) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

fn members(value: Value) -> Answer {
    match value {
        Value::Object(members) => members,
        _ => Answer::new(),
    }
}

fn head_members(head: &RequestHead) -> Answer {
    members(json!({
        "method": head.method().as_str(),
        "path": head.path_and_query(),
        "headers": header_members(head.headers()),
    }))
}

fn response_members(head: &ResponseHead) -> Answer {
    members(json!({
        "status": head.status.as_u16(),
        "headers": header_members(&head.headers),
    }))
}

fn header_members(headers: &HeaderMap) -> Value {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let members =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value).into()));
    Value::Object(members.collect())
}

fn extra_members(extra: &exchange::Extra) -> Value {
    let members = extra.iter().map(|(name, text)| (name.clone(), json(text.as_bytes())));
    Value::Object(members.collect())
}
