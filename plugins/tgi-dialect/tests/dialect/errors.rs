//! What a server says when it does not answer.

use patchbay_sdk::testing::{self, Replay};
use patchbay_sdk::{Ending, Failure, FailureKind as K, Normalizer, ResponseHead};
use serde_json::json;
use tgi_dialect::Tgi;

const TOO_LONG: &str = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. \
                        Given: 4000 `inputs` tokens and 200 `max_new_tokens`";
const TOO_LONG_ALONE: &str =
    "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000";
const NOT_VALID: &str = "Input validation error: `top_p` must be > 0.0 and < 1.0";

fn explain(status: u16, body: &str) -> Failure {
    Tgi::explain(&testing::chat("m"), &ResponseHead::new(status), body.as_bytes())
}

#[test]
fn each_error_has_its_kind_and_keeps_its_words() {
    let cases = [
        (422, NOT_VALID, "validation", K::InvalidRequest),
        (422, TOO_LONG, "validation", K::ContextTooLong),
        (422, TOO_LONG_ALONE, "validation", K::ContextTooLong),
        (422, "Template error", "template_error", K::InvalidRequest),
        (424, "Request failed during generation: oom", "generation", K::UpstreamError),
        (424, "a shard is gone", "new_type", K::UpstreamError),
        (429, "Model is overloaded", "overloaded", K::UpstreamOverloaded),
        (500, "Incomplete generation", "incomplete_generation", K::UpstreamError),
        (503, "unhealthy", "healthcheck", K::UpstreamOverloaded),
        (404, "no such path", "not_found", K::NotFound),
    ];
    for (status, message, kind_word, kind) in cases {
        let body = json!({"error": message, "error_type": kind_word}).to_string();
        let failure = explain(status, &body);
        assert_eq!((failure.kind(), failure.message()), (kind, message), "{status}");
        assert_eq!(failure.upstream_code(), Some(kind_word));
    }
}

#[test]
fn bodies_of_what_stands_before_the_server_are_survived() {
    let cases = [
        (401, r#"{"error":"Invalid token hf_abc"}"#, K::UpstreamAuth),
        (403, r#"{"error":"hf_abc","error_type":"validation"}"#, K::UpstreamAuth),
        (424, "shard not ready", K::UpstreamError),
        (429, r#"{"error":"Rate limit reached"}"#, K::UpstreamRateLimited),
        (502, "<html></html>", K::UpstreamError),
        (503, r#"{"error":"503 Service Unavailable"}"#, K::UpstreamOverloaded),
        (404, "", K::ProviderMisconfigured),
        (422, "Failed to deserialize the JSON body", K::InvalidRequest),
    ];
    for (status, body, kind) in cases {
        let failure = explain(status, body);
        assert_eq!(failure.kind(), kind, "{body}");
        assert!(!failure.message().contains("hf_abc"), "{failure}");
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_ends_it() {
    let body = testing::fixture("tests/replies/error_in_the_stream.sse");
    let failure = Replay::new(testing::chat_stream("m")).at_every_slicing::<Tgi>(&body);
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind(), K::UpstreamError);
    assert_eq!(failure.upstream_code(), Some("generation"));
    assert_eq!(failure.message(), "Request failed during generation: out of memory");
}

#[test]
fn an_error_instead_of_an_answer_is_a_failure_of_its_kind() {
    let error =
        |message: &str, kind: &str| json!({"error": message, "error_type": kind}).to_string();
    let cases = [
        (error("Model is overloaded", "overloaded"), K::UpstreamOverloaded),
        (error(NOT_VALID, "validation"), K::InvalidRequest),
        (error(TOO_LONG, "validation"), K::ContextTooLong),
        (error("Incomplete generation stream", "incomplete_generation_stream"), K::UpstreamError),
        (r#"{"error":"no type"}"#.to_owned(), K::UpstreamError),
        ("<html>hello</html>".to_owned(), K::UpstreamError),
        (String::new(), K::UpstreamError),
    ];
    for (body, kind) in cases {
        let whole =
            Replay::new(testing::chat("m")).decode::<Tgi>(&[body.as_bytes()], Ending::Clean);
        assert_eq!(whole.unwrap_err().kind(), kind, "{body}");
        let stream = Replay::new(testing::chat_stream("m"));
        for event in ["", "event: error\n"] {
            let event = format!("{event}data:{body}\n\n");
            let failure = stream.decode::<Tgi>(&[event.as_bytes()], Ending::Clean).unwrap_err();
            assert_eq!(failure.kind(), kind, "{event}");
        }
    }
    for body in ["[]", "[1]", "{}", r#"{"generated_text":null}"#] {
        let failure =
            Replay::new(testing::chat("m")).decode::<Tgi>(&[body.as_bytes()], Ending::Clean);
        assert_eq!(failure.unwrap_err().kind(), K::UpstreamError, "{body}");
    }
    let failure =
        Replay::new(testing::chat_stream("m")).decode::<Tgi>(&[b"<html>\n"], Ending::Clean);
    assert_eq!(failure.unwrap_err().kind(), K::UpstreamError);
}
