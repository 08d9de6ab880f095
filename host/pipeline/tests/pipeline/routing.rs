use exchange::{FailureKind, Operation};

use super::fakes::{ask_for, bench, caller, failed};

#[tokio::test]
async fn a_model_that_the_key_may_not_use_is_refused_alike_whether_it_exists_or_not() {
    let bench = bench(vec![]);
    for model in ["smart", "nowhere"] {
        let body = ask_for(model, false).to_string();
        let failure = failed(bench.ask(Operation::Chat, caller("talk"), body).await);
        assert_eq!((failure.kind(), failure.param()), (FailureKind::Forbidden, Some("model")));
    }
    let failure = failed(bench.chat(&ask_for("nowhere", false)).await);
    assert_eq!(failure.kind(), FailureKind::NotFound);
}

#[tokio::test]
async fn an_operation_that_no_dialect_has_is_refused_without_a_call() {
    let bench = bench(vec![]);
    let body = r#"{"model":"only-words","input":"x"}"#.to_owned();
    let failure = failed(bench.ask(Operation::Embeddings, caller("*"), body).await);
    assert_eq!(failure.kind(), FailureKind::InvalidRequest);
    assert!(failure.message().contains("embeddings"));
}

#[tokio::test]
async fn a_caller_sees_the_models_it_may_use() {
    let bench = bench(vec![]);
    let names = |caller| -> Vec<String> {
        bench.pipeline.models(&caller).into_iter().map(|m| m.id.to_string()).collect()
    };
    assert_eq!(
        names(caller("*")),
        ["hasty", "m", "obstinate", "one/m", "only-words", "patient", "smart", "talk"]
    );
    assert_eq!(names(caller("one/*")), ["one/m"]);
    assert!(names(caller("none")).is_empty());
}
