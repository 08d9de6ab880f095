//! Which exchanges are recorded, and what of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use exchange::{
    Ending, FailureKind, Operation, RecordedExchange, RecordedReply, RecordingPort, RequestId,
};
use http::HeaderMap;
use pipeline::{Asked, CallerRequest};
use serde_json::{Value, json};

use super::fakes::{
    Bench, SECRET, Script, ask_for, bench, caller, read_stream, recorded_bench, whole_text,
};

const ANSWER: &str = r#"{"id":"x","choices":[{"index":0,"message":{"content":"hi"}}]}"#;

struct FakeRecorder {
    most: usize,
    recorded: Mutex<Vec<RecordedExchange>>,
    left_out: AtomicUsize,
}

impl FakeRecorder {
    fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, recorded: Mutex::default(), left_out: AtomicUsize::new(0) })
    }

    fn take(&self) -> Vec<RecordedExchange> {
        std::mem::take(&mut self.recorded.lock().unwrap())
    }

    fn only(&self) -> RecordedExchange {
        let mut all = self.take();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

impl RecordingPort for FakeRecorder {
    fn max_exchange_bytes(&self) -> usize {
        self.most
    }

    fn record(&self, exchange: RecordedExchange) {
        self.recorded.lock().unwrap().push(exchange);
    }

    fn leave_out(&self) {
        self.left_out.fetch_add(1, Ordering::SeqCst);
    }
}

fn recorded(scripts: Vec<Script>, most: usize) -> (Bench, Arc<FakeRecorder>) {
    let recorder = FakeRecorder::of(most);
    (recorded_bench(scripts, recorder.clone()), recorder)
}

fn reply(exchange: &RecordedExchange) -> (u16, &str, Ending) {
    let RecordedReply { head, body, ending } = exchange.reply.as_ref().unwrap();
    (head.status.as_u16(), std::str::from_utf8(body).unwrap(), *ending)
}

#[tokio::test]
async fn an_exchange_is_handed_over_as_the_plugins_were_asked_and_the_provider_answered() {
    let (head, tail) = ANSWER.split_at(9);
    let (bench, recorder) =
        recorded(vec![Script::Reply(200, vec![Ok(head), Ok(tail)])], usize::MAX);
    assert_eq!(whole_text(bench.chat(&ask_for("smart", false)).await.unwrap()), ANSWER);
    let exchange = recorder.only();
    assert_eq!((&*exchange.provider, &*exchange.adapter), ("one", "plain"));
    assert_eq!((&*exchange.dialect, &*exchange.call.model), ("canonical", "one-model"));
    assert_eq!(exchange.head.as_ref().unwrap().path_and_query(), "/chat");
    let canonical: Value = serde_json::from_slice(exchange.canonical.as_ref().unwrap()).unwrap();
    assert_eq!(canonical["model"], "one-model");
    assert_eq!(reply(&exchange), (200, ANSWER, Ending::Clean));
    assert!(exchange.ingress.is_none());
    assert!(exchange.secrets.are_quoted_in(SECRET.as_bytes()));
}

#[tokio::test]
async fn a_stream_is_recorded_as_it_came_and_as_far_as_it_was_read() {
    let whole = Script::Reply(200, vec![Ok("hello "), Ok("you")]);
    let (bench, recorder) = recorded(vec![whole], usize::MAX);
    let answer = bench.chat(&ask_for("only-words", true)).await.unwrap();
    assert!(recorder.take().is_empty(), "its end is not known yet");
    read_stream(answer).await;
    assert_eq!(reply(&recorder.only()), (200, "hello you", Ending::Clean));

    let broken = Script::Reply(200, vec![Ok("hello"), Err(FailureKind::StreamTruncated)]);
    let (bench, recorder) = recorded(vec![broken], usize::MAX);
    read_stream(bench.chat(&ask_for("only-words", true)).await.unwrap()).await;
    assert_eq!(reply(&recorder.only()), (200, "hello", Ending::Broken));

    let (bench, recorder) = recorded(vec![Script::Hang(vec!["hello"])], usize::MAX);
    drop(bench.chat(&ask_for("only-words", true)).await.unwrap());
    assert_eq!(reply(&recorder.only()), (200, "hello", Ending::Broken));
}

#[tokio::test]
async fn each_attempt_is_an_exchange_of_its_own() {
    let scripts = vec![
        Script::Reply(500, vec![Ok("no")]),
        Script::Reply(200, vec![Ok(ANSWER)]),
        Script::Fail(FailureKind::UpstreamUnreachable),
        Script::Reply(200, vec![Ok(ANSWER)]),
    ];
    let (bench, recorder) = recorded(scripts, usize::MAX);
    bench.chat(&ask_for("smart", false)).await.unwrap();
    assert_eq!(reply(&recorder.only()), (500, "no", Ending::Clean), "\"two\" is not recorded");
    bench.chat(&ask_for("smart", false)).await.unwrap();
    assert!(recorder.only().reply.is_none(), "what was asked is worth keeping without an answer");
}

#[tokio::test]
async fn parts_of_a_long_list_are_recorded_apart() {
    let vectors = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":[1]}],"model":"m"}"#;
    let vector = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"model":"m"}"#;
    let scripts = vec![Script::Reply(200, vec![Ok(vectors)]), Script::Reply(200, vec![Ok(vector)])];
    let (bench, recorder) = recorded(scripts, usize::MAX);
    bench.embed(&json!({"model": "smart", "input": ["a", "b", "c"]})).await.unwrap();
    assert_eq!(recorder.take().len(), 2);
}

#[tokio::test]
async fn what_is_too_large_is_answered_and_counted_and_not_recorded() {
    let body = ask_for("only-words", true);
    let asked = {
        let (bench, recorder) = recorded(vec![Script::Reply(200, vec![Ok("hi")])], usize::MAX);
        read_stream(bench.chat(&body).await.unwrap()).await;
        recorder.only().canonical.unwrap().len()
    };
    for (most, recorded_ones) in [(asked - 1, 0), (asked + 4, 0), (asked + 5, 1)] {
        let script = Script::Reply(200, vec![Ok("hel"), Ok("lo")]);
        let (bench, recorder) = recorded(vec![script], most);
        let (text, failure) = read_stream(bench.chat(&body).await.unwrap()).await;
        assert!(failure.is_none() && text.contains("\"hel\"") && text.contains("\"lo\""));
        assert_eq!(recorder.take().len(), recorded_ones, "{most}");
        assert_eq!(recorder.left_out.load(Ordering::SeqCst), 1 - recorded_ones, "{most}");
    }
}

#[tokio::test]
async fn the_callers_request_in_a_dialect_is_part_of_it_and_an_untouched_one_is_not_canonical() {
    let (bench, recorder) = recorded(vec![Script::Reply(200, vec![Ok("hello")])], usize::MAX);
    let body = json!({"model": "only-words", "say": "hi", "stream": false}).to_string();
    let entrance = bench.pipeline.entrance("/v1/shout").unwrap();
    let head = exchange::RequestHead::try_new("POST", "/v1/shout", [].into_iter()).unwrap();
    let request = CallerRequest {
        asked: Asked::InDialect { entrance, head },
        body: body.clone().into(),
        caller: caller("*"),
        request_id: RequestId::parse("test-1").unwrap(),
        forwarded: HeaderMap::new(),
        trace: bench.trace.clone(),
    };
    whole_text(bench.pipeline.run(request).await.unwrap());
    let exchange = recorder.only();
    let ingress = exchange.ingress.as_ref().unwrap();
    assert_eq!((&*ingress.dialect, &ingress.body[..]), ("words", body.as_bytes()));
    assert_eq!(exchange.canonical, None);
    assert_eq!(reply(&exchange), (200, "hello", Ending::Clean));
}

#[tokio::test]
async fn without_a_recorder_nothing_is_recorded() {
    let bench = bench(vec![Script::Reply(200, vec![Ok(ANSWER)])]);
    let answered = bench.ask(Operation::Chat, caller("*"), ask_for("smart", false).to_string());
    assert_eq!(whole_text(answered.await.unwrap()), ANSWER);
}
