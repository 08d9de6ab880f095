use exchange::FailureKind;

use super::fakes::{Script, ask_for, bench, failed, read_stream, whole_text};

#[tokio::test]
async fn a_translated_stream_is_framed_and_ended() {
    let bench = bench(vec![Script::Reply(200, vec![Ok("hello "), Ok("USAGE"), Ok(" you")])]);
    let reply = bench.chat(&ask_for("only-words", true)).await.unwrap();
    assert_eq!(reply.dropped, ["temperature"]);
    let (text, failure) = read_stream(reply).await;
    assert_eq!(failure, None);
    let data: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(data.len(), 4, "two documents, the end, nothing: {text}");
    assert!(data[0].starts_with("data: {") && data[0].contains("\"content\":\"hello\""));
    assert!(data[0].contains("\"id\":\"chatcmpl-"), "the host gave the reply its identity");
    assert_eq!(data[2], "data: [DONE]");
    assert_eq!(bench.trace.read().usage.unwrap().prompt_tokens, 3);
    assert_eq!(bench.sent(0), "\"words-model\" says \"hi\"");
}

#[tokio::test]
async fn a_translated_answer_is_one_document() {
    let bench = bench(vec![Script::Reply(200, vec![Ok("hel"), Ok("lo")])]);
    let reply = bench.chat(&ask_for("only-words", false)).await.unwrap();
    assert!(whole_text(reply).contains("\"hello\""));
}

#[tokio::test]
async fn rubbish_from_a_plugin_goes_to_the_next_candidate() {
    let answer = r#"{"choices":[]}"#;
    let scripts =
        vec![Script::Reply(200, vec![Ok("RUBBISH")]), Script::Reply(200, vec![Ok(answer)])];
    let moved_on = bench(scripts);
    assert_eq!(moved_on.chat(&ask_for("talk", false)).await.unwrap().attempts, 2);
    let alone = bench(vec![Script::Reply(200, vec![Ok("RUBBISH")])]);
    let failure = failed(alone.chat(&ask_for("only-words", true)).await);
    assert_eq!(failure.kind(), FailureKind::PluginFault);
    let empty = bench(vec![Script::Reply(200, vec![])]);
    let failure = failed(empty.chat(&ask_for("only-words", false)).await);
    assert_eq!(failure.kind(), FailureKind::PluginFault);
}

#[tokio::test]
async fn what_breaks_a_translated_stream_is_told_last() {
    let chunks = vec![Ok("hello"), Err(FailureKind::StreamTruncated)];
    let bench = bench(vec![Script::Reply(200, chunks)]);
    let (text, failure) =
        read_stream(bench.chat(&ask_for("only-words", true)).await.unwrap()).await;
    assert!(text.contains("hello") && !text.contains("[DONE]"));
    assert_eq!(failure, Some(FailureKind::StreamTruncated));
}
