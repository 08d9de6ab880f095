//! Providers that fail: what the caller is told, and when the next candidate is asked.

use anyhow::Result;
use gateway_tests::{
    Configuration, Event, Gate, Gateway, Provider, Script, UPSTREAM_KEY, Upstream, sse,
};
use serde_json::{Value, json};

use crate::gateway::scenario::{
    CHAT, Pair, chunk, completion, one_provider, question, stream, streamed_question,
};

fn error_body(code: &str) -> String {
    json!({"error": {"message": "no", "type": "x", "param": null, "code": code}}).to_string()
}

#[tokio::test]
async fn every_status_of_an_upstream_has_its_failure() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (theirs, code_there, ours, code) in [
        (400, "some_code", 400, ""),
        (400, "context_length_exceeded", 400, "context_length_exceeded"),
        (400, "content_filter", 400, "content_filter"),
        (401, "invalid_api_key", 502, "upstream_credentials"),
        (403, "forbidden", 502, "upstream_credentials"),
        (413, "too_large", 413, "payload_too_large"),
        (429, "rate_limit_exceeded", 429, "upstream_rate_limited"),
        (500, "server_error", 502, "upstream_error"),
        (502, "bad_gateway", 502, "upstream_error"),
        (503, "overloaded", 503, "upstream_overloaded"),
        (504, "timeout", 504, "upstream_timeout"),
        (529, "overloaded", 503, "upstream_overloaded"),
    ] {
        upstream.answer_always(Script::json(error_body(code_there)).status(theirs));
        for question in [question(), streamed_question()] {
            let error = gateway.client().chat(&question).await?.error()?;
            assert_eq!((error.0, error.2.as_str()), (ours, code), "{theirs} {code_there}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_error_page_is_still_a_clear_error() -> Result<()> {
    let page = "<!DOCTYPE html><html><body>Bad gateway</body></html>";
    let (gateway, upstream) = one_provider(Script::with_type("text/html", page)).await?;
    for (theirs, ours, code) in [
        (500, 502, "upstream_error"),
        (503, 503, "upstream_overloaded"),
        (401, 502, "upstream_credentials"),
    ] {
        upstream.answer_always(Script::with_type("text/html", page).status(theirs));
        let reply = gateway.client().chat(&question()).await?;
        let error = reply.error()?;
        assert_eq!((error.0, error.2.as_str()), (ours, code));
        assert!(!reply.text().contains("DOCTYPE"), "{}", reply.text());
    }
    Ok(())
}

#[tokio::test]
async fn our_key_is_never_shown_whoever_quotes_it() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for status in [400, 401, 403, 429, 500] {
        let message = format!("Incorrect API key provided: {UPSTREAM_KEY}.");
        let body = json!({"error": {"message": message, "type": "x", "code": "invalid_api_key"}});
        upstream.answer_always(Script::json(body.to_string()).status(status));
        let reply = gateway.client().chat(&question()).await?;
        assert_ne!(reply.status, 401);
        assert!(!reply.text().contains(UPSTREAM_KEY), "{status}: {}", reply.text());
        assert!(!format!("{:?}", reply.headers).contains(UPSTREAM_KEY), "{status}");
        gateway.access_line(reply.header("x-request-id")).await?;
    }
    assert!(!gateway.log().contains(UPSTREAM_KEY), "{}", gateway.log());
    Ok(())
}

#[tokio::test]
async fn the_upstreams_wait_is_told_in_both_headers() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (name, value, seconds, milliseconds) in
        [("retry-after", "120", "120", "120000"), ("retry-after-ms", "1500", "2", "1500")]
    {
        let script = Script::json(error_body("rate_limit_exceeded")).status(429);
        upstream.answer_always(script.header(name, value));
        let reply = gateway.client().chat(&question()).await?;
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("retry-after"), seconds, "{name}");
        assert_eq!(reply.header("retry-after-ms"), milliseconds, "{name}");
    }
    Ok(())
}

/// Bodies of a good status that are no answers.
fn no_answers() -> Vec<(&'static str, Script)> {
    let whole = completion("hello");
    let cut = whole.get(..whole.len() - 5).unwrap_or_default().to_owned();
    vec![
        ("web page", Script::with_type("text/html", "<html>Please log in</html>")),
        ("web page that says it is JSON", Script::json("<html>Please log in</html>")),
        ("nothing", Script::json("")),
        ("cut JSON", Script::json(cut)),
        ("error", Script::json(error_body("oops"))),
        ("no object", Script::json("[]")),
    ]
}

#[tokio::test]
async fn what_is_no_answer_is_a_failure_although_the_status_is_good() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json("")).await?;
    for (name, script) in no_answers() {
        upstream.answer_always(script);
        for question in [question(), streamed_question()] {
            let (status, error_type, code, _) = gateway.client().chat(&question).await?.error()?;
            assert_eq!((status, error_type.as_str()), (502, "upstream_error"), "{name}");
            assert_eq!(code, "upstream_error", "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_answer_sends_the_request_to_the_next_candidate() -> Result<()> {
    let pair = Pair::start(Script::json(""), Script::json(completion("hello"))).await?;
    for (name, script) in no_answers() {
        pair.first.answer_always(script);
        let reply = pair.gateway.client().chat(&question()).await?;
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("x-patchbay-provider"), "second", "{name}");
        assert_eq!(reply.header("x-patchbay-attempts"), "2", "{name}");
    }
    let received = pair.second.next_request().await?.json()?;
    assert_eq!(received["model"], "m2");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_begins_with_an_error_goes_to_the_next_candidate() -> Result<()> {
    let pair = Pair::start(Script::json(""), stream(&["hello"])).await?;
    let error = sse(&error_body("overloaded"));
    for (name, script) in [
        ("error", Script::pieces([error.clone()])),
        ("error after a comment", Script::pieces([": ping\n\n".to_owned(), error.clone()])),
        ("error in slices", Script::pieces([error]).sliced(3)),
        ("nothing", Script::pieces(Vec::<String>::new())),
        ("comments only", Script::pieces([": ping\n\n"])),
        ("broken at once", Script::pieces(Vec::<String>::new()).then_break()),
        ("rubbish", Script::pieces([sse("{\"choices\":")])),
        ("web page", Script::with_type("text/html", "<html></html>")),
    ] {
        pair.first.answer_always(script);
        let reply = pair.gateway.client().chat(&streamed_question()).await?;
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("x-patchbay-provider"), "second", "{name}");
        assert_eq!(reply.content()?, "hello", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_failing_candidate_is_followed_by_the_next() -> Result<()> {
    let pair = Pair::start(Script::json(""), Script::json(completion("hello"))).await?;
    for status in [401, 403, 429, 500, 503, 529] {
        pair.first.answer_always(Script::json(error_body("x")).status(status));
        let reply = pair.gateway.client().chat(&question()).await?;
        assert_eq!(reply.status, 200, "{status}");
        assert_eq!(reply.header("x-patchbay-provider"), "second", "{status}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_wrong_everywhere_is_asked_once() -> Result<()> {
    let pair = Pair::start(Script::json(""), Script::json(completion("hello"))).await?;
    for (status, code) in [(400, "x"), (400, "context_length_exceeded"), (413, "x")] {
        pair.first.answer_always(Script::json(error_body(code)).status(status));
        let reply = pair.gateway.client().chat(&question()).await?;
        assert_eq!(reply.error()?.0, status, "{code}");
    }
    assert!(pair.second.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn after_the_first_chunk_no_other_candidate_is_asked() -> Result<()> {
    let begun = sse(&chunk(&json!({"content": "hel"}), None));
    let pair = Pair::start(Script::pieces([begun]).then_break(), stream(&["hello"])).await?;
    let reply = pair.gateway.client().chat(&streamed_question()).await?;
    assert!(matches!(reply.events()?.last(), Some(Event::Error(_))), "{}", reply.text());
    assert!(pair.second.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unreachable() -> Result<()> {
    let second = Upstream::start(Script::json(completion("hello"))).await?;
    // Port 9, discard: nothing listens there.
    let configuration = Configuration::default()
        .provider(&Provider::openai("gone", "http://127.0.0.1:9/v1", &["alone"]))
        .provider(&Provider::openai("second", &second.base_url(), &["m2"]))
        .route("m", &[("gone", "alone"), ("second", "m2")]);
    let gateway = Gateway::start(configuration).await?;
    assert_eq!(gateway.client().chat(&question()).await?.header("x-patchbay-attempts"), "2");
    let mut alone = question();
    alone["model"] = "alone".into();
    let reply = gateway.client().chat(&alone).await?;
    let (status, _, code, _) = reply.error()?;
    assert_eq!((status, code.as_str()), (502, "upstream_unreachable"));
    assert!(!reply.text().contains("127.0.0.1"), "an address leaks: {}", reply.text());
    Ok(())
}

async fn with_deadline(deadline: &str, script: Script) -> Result<(Gateway, Upstream)> {
    let upstream = Upstream::start(script).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m"])
        .with(&format!("timeouts = {{ {deadline} }}"));
    let gateway = Gateway::start(Configuration::default().provider(&main)).await?;
    Ok((gateway, upstream))
}

#[tokio::test]
async fn a_provider_that_does_not_begin_is_left_at_its_deadline() -> Result<()> {
    let gate = Gate::default();
    let held = Script::json(completion("late")).hold(&gate);
    let (gateway, upstream) = with_deadline("first_byte_ms = 50", held).await?;
    let (status, error_type, code, _) = gateway.client().chat(&question()).await?.error()?;
    assert_eq!((status, error_type.as_str()), (504, "timeout_error"));
    assert_eq!(code, "upstream_timeout");
    upstream.abandoned().await
}

#[tokio::test]
async fn a_stream_that_stops_is_left_at_its_deadline() -> Result<()> {
    let gate = Gate::default();
    let begun = sse(&chunk(&json!({"content": "hel"}), None));
    let (gateway, upstream) =
        with_deadline("idle_ms = 1000", Script::pieces([begun]).wait(&gate)).await?;
    let reply = gateway.client().chat(&streamed_question()).await?;
    let Some(Event::Error(error)) = reply.events()?.pop() else {
        anyhow::bail!("no error in {}", reply.text());
    };
    assert_eq!(error["error"]["code"], "upstream_timeout");
    upstream.abandoned().await
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_a_failure() -> Result<()> {
    let whole = completion("hello");
    let half = whole.get(..whole.len() / 2).unwrap_or_default().to_owned();
    let (gateway, _upstream) = one_provider(Script::json(half).then_break()).await?;
    let error = gateway.client().chat(&question()).await?.error()?;
    assert_eq!((error.0, error.1.as_str()), (502, "upstream_error"));
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed() -> Result<()> {
    let script = Script::json("{}").status(307).header("location", "http://127.0.0.1:9/elsewhere");
    let (gateway, upstream) = one_provider(script).await?;
    let error = gateway.client().chat(&question()).await?.error()?;
    // A base URL that redirects is the operator's to mend.
    assert_eq!((error.0, error.2.as_str()), (500, "provider_misconfigured"));
    assert_eq!(upstream.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_client_is_told_whether_to_try_again() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    for (status, again) in [(400, "false"), (429, "true"), (500, "true"), (503, "true")] {
        upstream.answer_always(Script::json(error_body("x")).status(status));
        let reply = gateway.client().post(CHAT, question().to_string()).await?;
        assert_eq!(reply.header("x-should-retry"), again, "{status}");
    }
    let body: Value = gateway.client().post(CHAT, "{").await?.json()?;
    assert_eq!(body["error"]["type"], "invalid_request_error");
    Ok(())
}
