use std::fs;
use std::path::Path;

use bytes::Bytes;
use exchange::{
    Call, EgressDialect, Ending, Extra, FailureKind, Operation, RecordedReply, RecordedRequest,
    ReplyIdentity, RequestHead, RequestId, ResponseHead, SentSecrets,
};
use plugin_runtime::{Grant, Limits, Registry, Runtime};
use serde_json::{Value, json};

use super::mask::{Body, Mask};
use super::*;
use crate::configuration::RecordedTexts;
use crate::wiring::bundled_plugin;

fn exchange(text: &str) -> RecordedExchange {
    let headers = [("content-type", "application/json"), ("x-private", "of the plugin")];
    let request = json!({"model": "there", "messages": [{"role": "user", "content": text}]});
    let reply = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let answered = [("content-type", "text/event-stream"), ("set-cookie", "of the provider")];
    let asked = "/v1/messages?key=of-the-caller&alt=sse";
    RecordedExchange {
        provider: "main".into(),
        adapter: "plain".to_owned(),
        dialect: "words".to_owned(),
        call: Call {
            operation: Operation::Chat,
            model: "there".into(),
            streaming: true,
            settings: "{\"team\":\"blue\"}".into(),
        },
        canonical: Some(request.to_string().into()),
        head: RequestHead::try_new("POST", "/chat?v=1", headers.into_iter()).ok(),
        extra: Extra::from([("stop".to_owned(), json!([text]).to_string())]),
        ingress: Some(RecordedRequest {
            dialect: "shout".into(),
            head: RequestHead::try_new("POST", asked, headers.into_iter()).unwrap(),
            body: json!({"say": text}).to_string().into(),
        }),
        reply: Some(RecordedReply {
            head: ResponseHead::try_new(200, answered.into_iter()).unwrap(),
            body: reply.into(),
            ending: Ending::Clean,
        }),
        secrets: SentSecrets::default(),
    }
}

fn questions(kept: &KeptExchanges, asked: Asked<'_>) -> Vec<Value> {
    let vectors = kept.vectors(asked);
    vectors.iter().map(|vector| serde_json::from_str(vector.get()).unwrap()).collect()
}

fn kinds(kept: &KeptExchanges, asked: Asked<'_>) -> Vec<String> {
    questions(kept, asked).iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_recorded_comes_back_as_questions_without_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("recordings");
    let settings =
        RecordingSettings { directory: directory.clone(), ..RecordingSettings::default() };
    let recorder = Recorder::start(&settings).unwrap();
    let port = recorder.port();
    assert_eq!(port.max_exchange_bytes(), 1 << 20);
    port.record(exchange("quizzical"));
    port.record(RecordedExchange {
        reply: Some(RecordedReply {
            head: ResponseHead::try_new(429, [].into_iter()).unwrap(),
            body: "slow quizzical".into(),
            ending: Ending::Clean,
        }),
        ..exchange("quizzical")
    });
    recorder.stop();

    let mut text = String::new();
    for file in shelf::files_in(&directory).unwrap() {
        text += &fs::read_to_string(file).unwrap();
    }
    for word in ["quizzical", "of the", "of-the", "x-private", "cookie"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let kept = KeptExchanges::read(&directory).unwrap();
    assert_eq!((kept.len(), kept.unreadable), (2, 0));
    let dialect = Asked::Dialect("words");
    assert_eq!(kinds(&kept, dialect), ["plan", "encode", "decode", "explain"]);
    assert_eq!(kinds(&kept, Asked::HttpAdapter("plain")), ["prepare"]);
    assert_eq!(kinds(&kept, Asked::Dialect("shout")), ["ingress-decode"]);
    assert_eq!(kinds(&kept, Asked::ProcessAdapter("plain")), [] as [&str; 0]);
    assert_eq!(kinds(&kept, Asked::Dialect("others")), [] as [&str; 0]);

    let asked = questions(&kept, dialect);
    assert_eq!(asked[0]["call"]["settings"], json!({"team": "blue"}));
    assert_eq!(asked[1]["canonical"]["messages"][0]["content"], "xxxxxxxxx");
    assert_eq!(asked[2]["headers"], json!({"content-type": "text/event-stream"}));
    assert_eq!(asked[2]["extra"], json!({"stop": ["xxxxxxxxx"]}));
    assert_eq!((&asked[2]["clean"], &asked[3]["body"]), (&json!(true), &json!("xxxx xxxxxxxxx")));
    let shouted = questions(&kept, Asked::Dialect("shout"));
    assert_eq!(shouted[0]["head"]["path"], "/v1/messages?alt=sse");
}

#[test]
fn a_line_that_a_crash_cut_is_counted_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.jsonl");
    let line = line::of(&exchange("hi"), RecordedTexts::Kept, SystemTime::UNIX_EPOCH);
    let later = line.replace("\"version\":1", "\"version\":2");
    let half = line.get(..line.len() / 2).unwrap();
    fs::write(&file, format!("{line}{half}\n{later}{line}{half}")).unwrap();
    let kept = KeptExchanges::read(&file).unwrap();
    assert_eq!((kept.len(), kept.unreadable), (2, 3));
    let asked = questions(&kept, Asked::Dialect("words"));
    assert_eq!(asked[1]["canonical"]["messages"][0]["content"], "hi");
    assert!(KeptExchanges::read(&folder.path().join("nothing")).is_err());
}

#[test]
fn a_full_queue_drops_and_counts_and_never_waits() {
    let (orders, _nobody_takes_them) = sync_channel(2);
    let counts = Arc::new(Counts::default());
    let intake = Intake { orders, max_exchange_bytes: 1, counts: Arc::clone(&counts) };
    for _ in 0..5 {
        intake.record(exchange("hi"));
    }
    intake.leave_out();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!((count(&counts.dropped), count(&counts.too_large)), (3, 1));
}

/// Documents, and the failure at their end.
async fn decoded(
    dialect: &dyn EgressDialect,
    (body, streaming): (Bytes, bool),
) -> (Vec<Value>, Option<FailureKind>) {
    let call =
        Call { operation: Operation::Chat, model: "m".into(), streaming, settings: "{}".into() };
    let mut exchange = dialect.open(call, RequestId::parse("masked").unwrap());
    let content_type = if streaming { "text/event-stream" } else { "application/json" };
    let head = ResponseHead::try_new(200, [("content-type", content_type)].into_iter()).unwrap();
    let identity = ReplyIdentity { id: "chatcmpl-1".into(), created: 1, extra: Extra::new() };
    let mut documents = Vec::new();
    let outcome = async {
        exchange.begin(identity, &head).await?;
        documents.extend(exchange.push(body).await?);
        documents.extend(exchange.finish(Ending::Clean).await?);
        Ok::<(), exchange::Failure>(())
    };
    let failure = outcome.await.err().map(|failure| failure.kind());
    let documents = documents.iter().map(|it| serde_json::from_slice(it).unwrap()).collect();
    (documents, failure)
}

/// Names of members, kinds of values and lengths of lists. A list of numbers may be the bytes of
/// a text, of which a masked one has less.
fn structure(value: &Value) -> Value {
    match value {
        Value::Array(values) if values.iter().all(Value::is_number) => "numbers".into(),
        Value::Array(values) => values.iter().map(structure).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, it)| (name.clone(), structure(it))).collect()
        }
        Value::String(text) => if text.is_empty() { "" } else { "text" }.into(),
        Value::Number(_) => 0.into(),
        other => other.clone(),
    }
}

/// Replies that the tests of a bundled plugin are made with.
fn replies(plugin: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(plugin);
    let files = fs::read_dir(directory.join("tests/replies")).unwrap().flatten();
    let replies: Vec<_> = files
        .map(|file| (format!("{plugin}: {:?}", file.file_name()), fs::read(file.path()).unwrap()))
        .collect();
    assert!(replies.len() > 2, "{plugin}");
    replies
}

#[tokio::test]
async fn decoders_make_of_a_masked_reply_what_they_make_of_the_reply() {
    let secrets = SentSecrets::default();
    let mask = Mask { texts: RecordedTexts::Masked, secrets: &secrets };
    let registry = Registry::new(Runtime::start(Limits::STANDARD).unwrap());
    let mut differing = Vec::new();
    for (plugin, name) in [
        ("anthropic-messages", "anthropic-messages"),
        ("cohere-chat", "cohere-chat"),
        ("gemini-dialect", "gemini"),
        ("ollama-chat", "ollama-chat"),
        ("openai-responses", "openai-responses"),
        ("tgi-dialect", "tgi"),
    ] {
        registry.install_bundled(bundled_plugin(plugin).unwrap(), Grant::default()).unwrap();
        let dialect = exchange::PluginCatalog::dialect(&registry, name).unwrap();
        for (reply, body) in replies(plugin) {
            let streaming = !reply.ends_with(".json\"");
            let Some(Body::Text(masked)) = mask.body(&body) else { panic!("{reply} is no text") };
            let (was, failed) = decoded(&*dialect, (body.into(), streaming)).await;
            let (is, fails) = decoded(&*dialect, (masked.into(), streaming)).await;
            let masked = |it: &Value| mask.document(it.to_string().as_bytes()).unwrap();
            let expected: Vec<_> = was.iter().map(|it| structure(&masked(it))).collect();
            let found: Vec<_> = is.iter().map(structure).collect();
            if (fails, &found) != (failed, &expected) {
                differing.push(format!("{reply}: {expected:?} {failed:?}\n{found:?} {fails:?}"));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
}
