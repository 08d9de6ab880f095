//! Answers in one piece.

use anyhow::Result;
use gateway_tests::{Configuration, Gateway, Provider, Script, Upstream};
use reqwest::Method;

use crate::gateway::scenario::{CHAT, completion, one_provider, question, question_to};

/// A reply in odd spelling, with members nobody knows and digits that a parser would change.
const ODD_REPLY: &str = "{ \"id\":\"chatcmpl-1\",\t\"object\":\"chat.completion\",\"created\":1760000000,\"model\":\"m\",\n\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],\"reasoning_content\":\"caf\\u00e9 \u{1f600}\"},\"finish_reason\":\"tool_calls\",\"score\":1.0}],\"usage\":{\"prompt_tokens\":9007199254740993,\"completion_tokens\":1,\"total_tokens\":2},\"big\":12345678901234567890123,\"tiny\":1e-400 , \"x\":{\"y\":[1.50]}}";

#[tokio::test]
async fn a_reply_comes_back_byte_for_byte() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(ODD_REPLY)).await?;
    for piece_bytes in [1, 100, ODD_REPLY.len()] {
        upstream.answer_always(Script::json(ODD_REPLY).sliced(piece_bytes));
        let reply = gateway.client().chat(&question()).await?;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.text(), ODD_REPLY, "in pieces of {piece_bytes} bytes");
    }
    Ok(())
}

#[tokio::test]
async fn a_compressed_reply_is_unpacked() -> Result<()> {
    let (gateway, _upstream) = one_provider(Script::json(ODD_REPLY).gzipped()?).await?;
    let reply = gateway.client().chat(&question()).await?;
    assert_eq!((reply.status, reply.text().as_str()), (200, ODD_REPLY));
    Ok(())
}

#[tokio::test]
async fn a_request_goes_upstream_byte_for_byte_but_for_the_model() -> Result<()> {
    let upstream = Upstream::start(Script::json(completion("hello"))).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m-there"]);
    let configuration =
        Configuration::default().provider(&main).route("smart", &[("main", "m-there")]);
    let gateway = Gateway::start(configuration).await?;
    let body = |model: &str| {
        format!(
            "{{ \"temperature\" : 1.0,\"seed\":9007199254740993,\n \"model\": \"{model}\",\"messages\":[{{\"role\":\"developer\",\"content\":[{{\"type\":\"text\",\"text\":\"\\u00e9 \u{1f600}\"}}]}}],\"tool_choice\":\"auto\",\"n\":1,\"stop\":[\"a\"],\"model_name\":\"model\",\"unknown\":{{\"model\":\"x\",\"d\":1.50}} }}"
        )
    };
    for name in ["m-there", "smart", "main/m-there"] {
        let reply = gateway.client().post(CHAT, body(name)).await?;
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(upstream.next_request().await?.text(), body("m-there"), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn the_upstream_is_asked_as_its_own_client_would() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    assert_eq!(gateway.client().chat(&question()).await?.status, 200);
    let received = upstream.next_request().await?;
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("transfer-encoding"), None);
    Ok(())
}

#[tokio::test]
async fn headers_go_upstream_by_policy() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let forwarded = [
        ("openai-organization", "org-1"),
        ("openai-project", "proj-1"),
        ("openai-beta", "assistants=v2"),
        ("idempotency-key", "once-1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let withheld = [("x-forwarded-for", "10.0.0.1"), ("x-secret", "1"), ("referer", "http://x/")];
    let mut call = gateway.client().call(Method::POST, CHAT);
    for (name, value) in forwarded.into_iter().chain(withheld) {
        call = call.header(name, value);
    }
    call.json(question().to_string()).send().await?.whole().await?;
    let received = upstream.next_request().await?;
    for (name, value) in forwarded {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    for (name, _) in withheld {
        assert_eq!(received.header(name), None, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn upstream_headers_come_back_by_policy() -> Result<()> {
    let script = Script::json(completion("hello"))
        .header("openai-processing-ms", "12")
        .header("set-cookie", "a=b")
        .header("server", "secret/1.0")
        .header("x-internal", "1")
        .header("x-request-id", "upstream-1");
    let (gateway, _upstream) = one_provider(script).await?;
    let reply = gateway.client().chat(&question()).await?;
    assert_eq!(reply.header("openai-processing-ms"), "12");
    assert_ne!(reply.header("x-request-id"), "upstream-1");
    for name in ["set-cookie", "server", "x-internal"] {
        assert_eq!(reply.header(name), "", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_reply_says_who_answered_and_what_the_gateway_took() -> Result<()> {
    let (gateway, _upstream) = one_provider(Script::json(completion("hello"))).await?;
    let reply = gateway.client().chat(&question()).await?;
    assert_eq!(reply.header("x-patchbay-provider"), "main");
    assert_eq!(reply.header("x-patchbay-attempts"), "1");
    let timing = reply.header("server-timing");
    let milliseconds = timing.strip_prefix("gateway;dur=").unwrap_or_default();
    assert!(milliseconds.parse::<f64>().is_ok_and(|ms| ms >= 0.0), "{timing:?}");
    Ok(())
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_sent_upstream() -> Result<()> {
    let (gateway, upstream) = one_provider(Script::json(completion("hello"))).await?;
    let long = "x".repeat(129);
    for (id, kept) in [("req_1-2.3:4", true), ("a b", false), (long.as_str(), false)] {
        let call = gateway.client().call(Method::POST, CHAT).header("x-request-id", id);
        let reply = call.json(question().to_string()).send().await?.whole().await?;
        assert_eq!(reply.header("x-request-id") == id, kept, "{id}");
        let received = upstream.next_request().await?;
        assert_eq!(received.header("x-request-id"), Some(reply.header("x-request-id")), "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_without_an_id_gets_one_of_its_own() -> Result<()> {
    let (gateway, _upstream) = one_provider(Script::json(completion("hello"))).await?;
    let client = gateway.client();
    let first = client.chat(&question()).await?;
    let second = client.chat(&question()).await?;
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    Ok(())
}

#[tokio::test]
async fn large_bodies_pass_both_ways() -> Result<()> {
    let large = "lorem ipsum ".repeat(200_000);
    let answer = completion(&large);
    let (gateway, upstream) = one_provider(Script::json(answer.clone()).sliced(65_536)).await?;
    let question = question_to("m", &large);
    let reply = gateway.client().chat(&question).await?;
    assert_eq!(reply.status, 200);
    assert!(reply.text() == answer, "the answer was changed");
    assert!(upstream.next_request().await?.json()? == question, "the question was changed");
    Ok(())
}
