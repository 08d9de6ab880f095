//! A client API that a plugin speaks: translated, or passed through where the provider speaks it.

use async_trait::async_trait;
use bytes::Bytes;
use exchange::*;
use http::HeaderMap;
use pipeline::*;
use serde_json::{Value, json};

use super::fakes::{Bench, Script, bench, caller, failed, read_stream, whole_text};

/// Dialect "words": `{"model", "say", "stream"}`; replies are in capital letters.
pub struct Shouting;

struct Writing;

#[async_trait]
impl IngressDialect for Shouting {
    fn generation(&self) -> GenerationId {
        GenerationId(7)
    }

    async fn decode(
        &self,
        head: &RequestHead,
        body: Bytes,
        _: RequestId,
    ) -> Result<DecodedRequest, Failure> {
        assert_eq!(head.path_and_query(), "/v1/shout");
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        if request["say"] == "nothing" {
            let failure = Failure::new(FailureKind::InvalidRequest, "say something");
            return Err(failure.with_param("say"));
        }
        let operation = match request["count"].as_bool() {
            Some(true) => Operation::CountTokens,
            _ => Operation::Chat,
        };
        let streaming = request["stream"] == true;
        let canonical = json!({"model": request["model"], "stream": streaming,
            "messages": [{"role": "user", "content": request["say"]}]});
        let extra = vec![("said".to_owned(), request["say"].to_string())];
        let canonical = match request["broken"].as_bool() {
            Some(true) => "no document".into(),
            _ => canonical.to_string().into(),
        };
        Ok(DecodedRequest { operation, streaming, canonical, extra })
    }

    fn open(&self, _: RequestId) -> Box<dyn IngressExchange> {
        Box::new(Writing)
    }

    async fn fail(&self, failure: &Failure) -> Result<DialectReply, Failure> {
        let head = ResponseHead::of_process();
        Ok(DialectReply { head, body: failure.message().to_uppercase().into() })
    }
}

#[async_trait]
impl IngressExchange for Writing {
    async fn begin(&mut self, extra: Extra, _: bool) -> Result<ResponseHead, Failure> {
        assert_eq!(extra[0].0, "said");
        let mut head = ResponseHead::of_process();
        head.headers.insert("content-type", "text/shout".parse().unwrap());
        Ok(head)
    }

    async fn push(&mut self, documents: Vec<Bytes>) -> Result<Bytes, Failure> {
        let mut shouted = String::new();
        for document in documents {
            let document: Value = serde_json::from_slice(&document).unwrap();
            for path in ["/choices/0/delta/content", "/choices/0/message/content"] {
                if let Some(word) = document.pointer(path).and_then(Value::as_str) {
                    shouted += &word.to_uppercase();
                }
            }
            if let Some(tokens) = document.pointer("/usage/total_tokens") {
                shouted += &format!("<{tokens}>");
            }
            if let Some(tokens) = document.get("input_tokens") {
                shouted += &format!("[{tokens}]");
            }
        }
        Ok(shouted.into())
    }

    async fn finish(&mut self, failure: Option<&Failure>) -> Result<Bytes, Failure> {
        Ok(match failure {
            None => "!".into(),
            Some(failure) => format!("?{}", failure.kind().rule().label).into(),
        })
    }
}

async fn shout(bench: &Bench, body: &Value) -> Result<CallerReply, Failure> {
    let entrance = bench.pipeline.entrance("/v1/shout").unwrap();
    let head = RequestHead::try_new("POST", "/v1/shout", [].into_iter()).unwrap();
    let mut forwarded = HeaderMap::new();
    forwarded.insert("content-type", "text/from-the-caller".parse().unwrap());
    forwarded.insert("anthropic-beta", "x".parse().unwrap());
    forwarded.insert("traceparent", "00-1".parse().unwrap());
    let request = CallerRequest {
        asked: Asked::InDialect { entrance, head },
        body: body.to_string().into(),
        caller: caller("*"),
        request_id: RequestId::parse("test-1").unwrap(),
        forwarded,
        trace: bench.trace.clone(),
    };
    bench.pipeline.run(request).await
}

fn say(model: &str, word: &str, stream: bool) -> Value {
    json!({"model": model, "say": word, "stream": stream})
}

const EVENTS: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hel\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

#[tokio::test]
async fn an_answer_is_put_into_the_callers_dialect() {
    let answer = r#"{"choices":[{"message":{"content":"hello"}}],"usage":{"total_tokens":2}}"#;
    let bench = bench(vec![Script::Reply(200, vec![Ok(answer)])]);
    let reply = shout(&bench, &say("m", "hi", false)).await.unwrap();
    assert_eq!(reply.content_type.as_ref().unwrap(), "text/shout");
    assert_eq!(whole_text(reply), "HELLO<2>!");
    let sent: Value = serde_json::from_str(&bench.sent(0)).unwrap();
    assert_eq!(sent["messages"][0]["content"], "hi");
    assert_eq!(bench.trace.read().operation, Some(Operation::Chat));
    let headers = bench.http.seen.lock().unwrap()[0].headers.clone();
    assert!(!headers.contains_key("anthropic-beta"), "it speaks of another body");
    assert_eq!(headers["traceparent"], "00-1");
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_verbatim_stream_is_read_into_documents_for_the_dialect() {
    for cut in [1, 7, 60, 1000] {
        let pieces: Vec<_> = EVENTS.as_bytes().chunks(cut).collect();
        let pieces = pieces.iter().map(|piece| Ok(std::str::from_utf8(piece).unwrap())).collect();
        let bench = bench(vec![Script::Reply(200, pieces)]);
        let reply = shout(&bench, &say("m", "hi", true)).await.unwrap();
        let (text, failure) = read_stream(reply).await;
        assert_eq!((text.as_str(), failure), ("HELLO<2>!", None), "cut at {cut}");
        let sent: Value = serde_json::from_str(&bench.sent(0)).unwrap();
        assert_eq!(sent["stream_options"]["include_usage"], true);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_the_dialects_own_words() {
    let chunks = vec![Ok(&EVENTS[..60]), Err(FailureKind::StreamTruncated)];
    let bench = bench(vec![Script::Reply(200, chunks)]);
    let (text, failure) = read_stream(shout(&bench, &say("m", "hi", true)).await.unwrap()).await;
    assert_eq!(text, "HEL?stream-truncated");
    assert_eq!(failure, Some(FailureKind::StreamTruncated));
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_document_goes_to_the_next_candidate() {
    let scripts = vec![
        Script::Reply(200, vec![Ok("data: {\"error\":{\"message\":\"no\"}}\n\n")]),
        Script::Reply(200, vec![Ok(EVENTS)]),
    ];
    let bench = bench(scripts);
    let reply = shout(&bench, &say("smart", "hi", true)).await.unwrap();
    assert_eq!(reply.attempts, 2);
    assert_eq!(read_stream(reply).await, ("HELLO<2>!".to_owned(), None));
}

#[tokio::test]
async fn what_the_dialect_refuses_reaches_no_provider() {
    let bench = bench(vec![]);
    let failure = failed(shout(&bench, &say("m", "nothing", false)).await);
    assert_eq!((failure.kind(), failure.param()), (FailureKind::InvalidRequest, Some("say")));
}

#[tokio::test]
async fn a_member_that_cannot_be_canonical_is_the_callers_mistake_and_no_document_the_plugins() {
    for (member, value, kind) in [
        ("model", json!(""), FailureKind::InvalidRequest),
        ("model", Value::Null, FailureKind::InvalidRequest),
        ("stream", json!(true), FailureKind::NotFound),
        ("broken", json!(true), FailureKind::PluginFault),
    ] {
        let bench = bench(vec![]);
        let mut body = say("nobody-has-it", "hi", false);
        body[member] = value;
        let failure = failed(shout(&bench, &body).await);
        assert_eq!(failure.kind(), kind, "{member}: {failure}");
        let named = failure.message().contains(member);
        assert_eq!(named, kind == FailureKind::InvalidRequest, "{failure}");
    }
}

#[tokio::test]
async fn a_caller_that_speaks_the_providers_dialect_is_not_translated() {
    let bench = bench(vec![Script::Reply(200, vec![Ok("hel"), Ok("lo")])]);
    let mut body = say("only-words", "hi", false);
    body["only the dialect knows"] = json!(1.0);
    let reply = shout(&bench, &body).await.unwrap();
    assert_eq!(whole_text(reply), "hello", "as the provider sent it");
    body["model"] = json!("words-model");
    assert_eq!(bench.sent(0), body.to_string(), "as the caller sent it, but for the model");
    let headers = bench.http.seen.lock().unwrap()[0].headers.clone();
    assert_eq!(headers["content-type"], "text/from-the-caller");
    assert_eq!(headers["anthropic-beta"], "x");
}

#[tokio::test]
async fn an_untouched_stream_is_read_along() {
    let chunks = vec![Ok("hello\n"), Ok("wor"), Ok("ld USAGE\n")];
    let bench = bench(vec![Script::Reply(200, chunks)]);
    let reply = shout(&bench, &say("only-words", "hi", true)).await.unwrap();
    assert_eq!(read_stream(reply).await, ("hello\nworld USAGE\n".to_owned(), None));
    assert_eq!(bench.trace.read().usage.unwrap().prompt_tokens, 3);
}

#[tokio::test]
async fn an_untouched_stream_breaks_off_between_frames_and_says_so_in_the_dialect() {
    let chunks = vec![Ok("hello\nhalf a fra"), Err(FailureKind::UpstreamTimeout)];
    let bench = bench(vec![Script::Reply(200, chunks)]);
    let reply = shout(&bench, &say("only-words", "hi", true)).await.unwrap();
    let (text, failure) = read_stream(reply).await;
    assert_eq!(text, "hello\n?upstream-timeout");
    assert_eq!(failure, Some(FailureKind::UpstreamTimeout));
}

#[tokio::test]
async fn tokens_that_nobody_counts_are_estimated() {
    let bench = bench(vec![]);
    let body = json!({"model": "m", "say": "hello you", "count": true});
    let reply = shout(&bench, &body).await.unwrap();
    assert_eq!(reply.headers["x-patchbay-token-count"], "estimate");
    assert_eq!(whole_text(reply), "[7]!");
    assert_eq!(bench.requests_sent(), 0);
}
