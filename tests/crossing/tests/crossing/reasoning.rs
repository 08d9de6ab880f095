//! Reasoning of one vendor in the next turn of another: never sent, and named.

use patchbay_sdk::Ending as Transport;
use patchbay_sdk::canonical::chat::ReasoningDetail;

use crate::caller::{Question, Turn};
use crate::callers;
use crate::conversation::{Item, Lack};
use crate::exchange::{Pair, SLICINGS};
use crate::provider::Provider;
use crate::providers;

/// The proof in a provider's transcript `thought`.
pub(crate) fn proof(provider: &str) -> &'static str {
    match provider {
        "gemini" => "Z2VtaW5p",
        "openai-responses" => "b3BlbmFp",
        _ => "c2ln",
    }
}

/// The `format` of the proof in a provider's transcript.
fn format_of(provider: &dyn Provider) -> Option<&'static str> {
    match provider.relays() {
        // A server of OpenAI's dialect relays whatever it was told.
        true => Some(ReasoningDetail::ANTHROPIC),
        false => provider.proofs(),
    }
}

#[test]
fn a_proof_goes_to_who_can_read_it_and_is_named_to_the_caller_elsewhere() {
    let writers = || providers::ALL.into_iter().filter(|it| !it.cannot(Lack::Proofs));
    for caller in callers::ALL.into_iter().filter(|it| !it.lacks().contains(&Lack::Proofs)) {
        for writer in writers() {
            let from = Pair { caller, provider: writer };
            let turns = conversation(&from);
            for reader in providers::ALL {
                next_turn(&turns, (writer, Pair { caller, provider: reader }));
            }
        }
    }
}

/// A question, the reasoned answer with a call, and its result.
fn conversation(pair: &Pair) -> Vec<Turn> {
    let question = Question { tools: true, ..Question::of(&[Item::user("Weather?")]) };
    let asked = pair.ask(&question);
    let reply = pair.provider.transcript("thought", false);
    let answer = pair.receive(&asked, &reply, (SLICINGS[0], Transport::Clean)).answer;
    let result = Turn::Item(Item::result("call-1", "18 degrees"));
    [question.turns, vec![Turn::Answer(answer), result]].concat()
}

fn next_turn(turns: &[Turn], (writer, to): (&dyn Provider, Pair)) {
    let asked = to.ask(&Question { turns: turns.to_vec(), tools: true, ..Question::default() });
    let body = asked.body().to_string();
    let place = format!("{} → {to}", writer.name());
    if to.provider.cannot(Lack::Calls) && asked.result.is_err() {
        // Without the results of tools nothing is left that was asked.
        assert_eq!(asked.named(), ["messages[2]"], "{place}");
        return;
    }
    assert!(asked.result.is_ok(), "{place}: the next turn is refused: {:?}", asked.named());
    let reads = to.provider.relays() || format_of(writer) == to.provider.proofs();
    assert_eq!(body.contains(proof(writer.name())), reads, "{place}: {body}");
    assert!(!body.contains("patchbay."), "{place}: what callers carry sealed is sent: {body}");
    let names = asked.named().iter().any(|path| path.starts_with("messages[1].reasoning_details"));
    assert_eq!(names, !reads, "{place}: {:?}", asked.named());
}
