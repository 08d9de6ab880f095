//! Answers as a stream.

use anyhow::Result;
use gateway_tests::{
    Configuration, Event, Gate, Gateway, Provider, Script, Upstream, WholeReply, sse,
};
use serde_json::{Value, json};

use crate::gateway::scenario::{
    CHAT, chunk, chunks, one_provider, stream, stream_text, streamed_question, usage_chunk,
};

/// Words with characters of one to four bytes, quotes and line ends.
const WORDS: [&str; 5] = ["Grüße", " \u{1f600}", " 世界", " \"quoted\"\n", "\r\n\u{2028}end"];

/// The last event of a stream, if it is an error: its code.
fn error_code(reply: &WholeReply) -> Result<Option<String>> {
    Ok(match reply.events()?.last() {
        Some(Event::Error(error)) => error["error"]["code"].as_str().map(str::to_owned),
        _ => None,
    })
}

#[tokio::test]
async fn any_slicing_of_the_upstreams_bytes_gives_the_same_stream() -> Result<()> {
    let (gateway, upstream) = one_provider(stream(&WORDS)).await?;
    let expected = gateway.client().chat(&streamed_question()).await?.documents()?;
    assert_eq!(expected.len(), WORDS.len() + 2);
    for piece_bytes in [1, 2, 3, 5, 64, 1000] {
        upstream.answer_always(stream(&WORDS).sliced(piece_bytes));
        let reply = gateway.client().chat(&streamed_question()).await?;
        assert_eq!(reply.documents()?, expected, "in pieces of {piece_bytes} bytes");
        assert_eq!(reply.content()?, WORDS.concat());
    }
    Ok(())
}

#[tokio::test]
async fn every_legal_spelling_of_an_event_stream_is_understood() -> Result<()> {
    let (gateway, upstream) = one_provider(stream(&WORDS)).await?;
    let expected = gateway.client().chat(&streamed_question()).await?.documents()?;
    let plain = stream_text(&WORDS);
    let spellings = [
        ("comments", format!(": ping\n\n{}", plain.replace("\n\n", "\n\n: ping\n\n"))),
        ("CR LF", plain.replace('\n', "\r\n")),
        ("CR", plain.replace('\n', "\r")),
        ("byte order mark", format!("\u{feff}{plain}")),
        ("no space", plain.replace("data: ", "data:")),
        ("fields", plain.replace("data: ", "event: message\nid: 7\nretry: 10\ndata: ")),
        ("data in lines", plain.replace(",\"created\"", ",\ndata: \"created\"")),
        ("blank lines", plain.replace("\n\n", "\n\n\n\n")),
    ];
    for (name, text) in spellings {
        for piece_bytes in [1, 10_000] {
            upstream.answer_always(Script::pieces([text.clone()]).sliced(piece_bytes));
            let reply = gateway.client().chat(&streamed_question()).await?;
            assert_eq!(reply.documents()?, expected, "{name}, in pieces of {piece_bytes}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_compressed_stream_is_unpacked() -> Result<()> {
    let (gateway, _upstream) = one_provider(stream(&WORDS).gzipped()?).await?;
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert_eq!(reply.content()?, WORDS.concat());
    Ok(())
}

#[tokio::test]
async fn a_line_over_64_kib_passes() -> Result<()> {
    let long = "x".repeat(300_000);
    let (gateway, _upstream) = one_provider(stream(&[&long]).sliced(10_000)).await?;
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert!(reply.content()? == long, "the long line was changed");
    Ok(())
}

#[tokio::test]
async fn unknown_members_and_digits_survive() -> Result<()> {
    let odd = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"m","choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b","x":1.0},"logprobs":{"content":[{"token":"a","logprob":-0.10,"bytes":[97]}]},"finish_reason":null}],"big":9007199254740993,"x":{"y":1e-400}}"#;
    let tools = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}},{"index":1,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}]}"#;
    let stop = chunk(&json!({}), Some("stop"));
    let (gateway, _upstream) = one_provider(Script::events([odd, tools, &stop, "[DONE]"])).await?;
    let text = gateway.client().chat(&streamed_question()).await?.text();
    for document in [odd, tools, stop.as_str()] {
        assert!(text.contains(&sse(document)), "{document} is not in {text}");
    }
    Ok(())
}

#[tokio::test]
async fn usage_is_asked_for_and_shown_only_to_who_asked() -> Result<()> {
    let mut events = chunks(&["hello"]);
    events.extend([usage_chunk(), "[DONE]".to_owned()]);
    let script = Script::events(events.iter().map(String::as_str));
    let (gateway, upstream) = one_provider(script).await?;
    for (options, shown) in [
        (Value::Null, false),
        (json!({"include_usage": false}), false),
        (json!({"include_usage": false, "x": 1.5}), false),
        (json!({"include_usage": true}), true),
    ] {
        let mut question = streamed_question();
        if !options.is_null() {
            question["stream_options"] = options.clone();
        }
        let documents = gateway.client().chat(&question).await?.documents()?;
        let usages = documents.iter().filter(|document| document["usage"].is_object()).count();
        assert_eq!(usages, usize::from(shown), "{options}");
        let received = upstream.next_request().await?.json()?;
        assert_eq!(received["stream_options"]["include_usage"], true, "{options}");
        assert_eq!(received["stream_options"].get("x"), options.get("x"), "{options}");
    }
    Ok(())
}

#[tokio::test]
async fn a_shown_usage_chunk_is_the_last_one() -> Result<()> {
    let mut events = chunks(&["hello"]);
    events.extend([usage_chunk(), "[DONE]".to_owned()]);
    let script = Script::events(events.iter().map(String::as_str));
    let (gateway, _upstream) = one_provider(script).await?;
    let mut question = streamed_question();
    question["stream_options"] = json!({"include_usage": true});
    let documents = gateway.client().chat(&question).await?.documents()?;
    let last = documents.last().cloned().unwrap_or_default();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["total_tokens"], 12);
    Ok(())
}

#[tokio::test]
async fn the_end_is_told_once_and_nothing_after_it() -> Result<()> {
    let text = stream_text(&["hello"]);
    let late = sse(&chunk(&json!({"content": "late"}), None));
    let (gateway, upstream) = one_provider(stream(&["hello"])).await?;
    for extra in ["data: [DONE]\n\n", late.as_str(), ": late\n\n"] {
        upstream.answer_always(Script::pieces([text.clone(), extra.to_owned()]));
        // The client refuses a second end, and events after the first.
        let reply = gateway.client().chat(&streamed_question()).await?;
        assert_eq!(reply.content()?, "hello", "{extra:?}");
        assert!(reply.text().ends_with("data: [DONE]\n\n"), "{extra:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_never_taken_for_whole() -> Result<()> {
    let begun = sse(&chunk(&json!({"content": "hel"}), None));
    let half = begun.get(..begun.len() / 2).unwrap_or_default().to_owned();
    let (gateway, upstream) = one_provider(stream(&["hello"])).await?;
    for (name, script) in [
        ("connection broken", Script::pieces([begun.clone()]).then_break()),
        ("no end", Script::pieces([begun.clone()])),
        ("broken in an event", Script::pieces([begun.clone(), half.clone()]).then_break()),
        ("end in an event", Script::pieces([begun.clone(), half])),
    ] {
        upstream.answer_always(script);
        let reply = gateway.client().chat(&streamed_question()).await?;
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(error_code(&reply)?.as_deref(), Some("stream_truncated"), "{name}");
        assert!(!reply.text().contains("[DONE]"), "{name}");
        assert!(reply.text().contains("hel"), "what came before is lost: {name}");
    }
    Ok(())
}

#[tokio::test]
async fn an_error_within_a_stream_ends_it_without_a_clean_end() -> Result<()> {
    let begun = chunk(&json!({"content": "hel"}), None);
    let error = r#"{"error":{"message":"the engine fell over","type":"server_error"}}"#;
    let (gateway, _upstream) = one_provider(Script::events([&begun, error, "[DONE]"])).await?;
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert!(error_code(&reply)?.is_some(), "{}", reply.text());
    assert!(!reply.text().contains("[DONE]"));
    Ok(())
}

#[tokio::test]
async fn a_chunk_arrives_before_the_next_one_exists() -> Result<()> {
    let gate = Gate::default();
    let script = Script::events([chunk(&json!({"content": "first"}), None).as_str()])
        .wait(&gate)
        .then(stream_text(&["second"]));
    let (gateway, _upstream) = one_provider(script).await?;
    let mut reply = gateway.client().open(CHAT, streamed_question().to_string()).await?;
    reply.read_until("first").await?;
    gate.open();
    assert_eq!(reply.whole().await?.content()?, "firstsecond");
    Ok(())
}

#[tokio::test]
async fn a_stream_says_that_it_is_one() -> Result<()> {
    let (gateway, upstream) = one_provider(stream(&["hello"])).await?;
    let reply = gateway.client().chat(&streamed_question()).await?;
    assert!(reply.header("content-type").starts_with("text/event-stream"));
    assert_eq!(reply.header("x-accel-buffering"), "no");
    assert_eq!(reply.header("x-patchbay-provider"), "main");
    assert_eq!(upstream.next_request().await?.header("accept"), Some("text/event-stream"));
    Ok(())
}

#[tokio::test]
async fn an_idle_stream_is_kept_alive_by_comments() -> Result<()> {
    let gate = Gate::default();
    let script = Script::events([chunk(&json!({"content": "first"}), None).as_str()])
        .wait(&gate)
        .then(stream_text(&["second"]));
    let upstream = Upstream::start(script).await?;
    let main = Provider::openai("main", &upstream.base_url(), &["m"]);
    let configuration = Configuration::default().server("keep_alive_ms = 1000").provider(&main);
    let gateway = Gateway::start(configuration).await?;
    let mut reply = gateway.client().open(CHAT, streamed_question().to_string()).await?;
    reply.read_until("first").await?;
    reply.read_until("\n\n: ").await?;
    gate.open();
    assert_eq!(reply.whole().await?.content()?, "firstsecond");
    Ok(())
}
