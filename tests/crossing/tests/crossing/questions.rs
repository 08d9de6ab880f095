//! Questions that reach the provider, and answers that reach the caller.

use patchbay_sdk::Ending as Transport;
use serde_json::json;

use crate::caller::{Answer, Question, Turn};
use crate::conversation::{COUNTED, Ending, Item, Lack, Tokens, schema, tools};
use crate::exchange::{Asked, Pair, SLICINGS, pairs};

/// One pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

/// A question, and the transcript of the answer.
struct Case {
    name: &'static str,
    asked: Vec<Item>,
    tools: bool,
    schema: bool,
    /// Where the provider has none of this name, it answers with the text.
    reply: &'static str,
    said: Vec<Item>,
    ending: Ending,
}

fn cases() -> Vec<Case> {
    let paris = || Item::call("call-1", "get_weather", json!({"city": "Paris"}));
    let time = || Item::call("call-2", "get_time", json!({"zone": "CET"}));
    let thought = Item::Thought("I need the weather.".to_owned());
    let ask = |text: &str| vec![Item::user(text)];
    let text = Case {
        name: "text",
        asked: ask("Grüße! 👋"),
        tools: false,
        schema: false,
        reply: "text",
        said: vec![Item::said("Grüße, Ada 👋")],
        ending: Ending::Done,
    };
    let conversation = vec![
        Item::System("Be brief.".to_owned()),
        Item::user("Hello"),
        Item::said("Hi."),
        Item::user("And you?"),
    ];
    let image = vec![Item::user("What is this?"), Item::Image(PIXEL.to_owned())];
    let calls = |name, reply, said| Case {
        name,
        asked: ask("Weather in Paris?"),
        tools: true,
        schema: false,
        reply,
        said,
        ending: Ending::Calls,
    };
    let plain = |name, asked| Case { name, asked, said: text.said.clone(), ..text };
    vec![
        plain("conversation", conversation),
        plain("image", image),
        Case { schema: true, ..plain("schema", ask("Where is the tower?")) },
        calls("one call", "one_call", vec![paris()]),
        calls("two calls", "two_calls", vec![paris(), time()]),
        calls("thought", "thought", vec![thought, paris()]),
        Case {
            reply: "length",
            said: vec![Item::said("Grüße, ")],
            ending: Ending::CutOff,
            ..plain("cut off", ask("Go on."))
        },
        plain("text", ask("Grüße! 👋")),
    ]
}

/// What is left of something where abilities are missing.
fn able<'a>(items: &'a [Item], lacks: &[Lack]) -> Vec<&'a Item> {
    items.iter().filter(|item| item.needs().is_none_or(|lack| !lacks.contains(&lack))).collect()
}

impl Case {
    fn question(&self, streaming: bool) -> Question {
        let (tools, schema) = (self.tools, self.schema);
        Question { tools, schema, streaming, ..Question::of(&self.asked) }
    }

    /// The items that the caller can ask.
    fn sent(&self, pair: &Pair) -> Vec<Item> {
        let lacks = pair.caller.lacks();
        match lacks.contains(&Lack::Turns) {
            // Then one text is all that it can send, and it sends the first.
            true => {
                self.asked.iter().find(|it| it.needs().is_none()).cloned().into_iter().collect()
            }
            false => able(&self.asked, lacks).into_iter().cloned().collect(),
        }
    }

    /// The transcript, and what it says.
    fn reply(&self, pair: &Pair) -> (&'static str, Vec<Item>, Ending) {
        let provider = pair.provider;
        let needs_calls = self.ending == Ending::Calls && provider.cannot(Lack::Calls);
        let needs_thoughts = self.reply == "thought" && provider.cannot(Lack::Thoughts);
        if needs_calls || needs_thoughts {
            return ("text", vec![Item::said("Grüße, Ada 👋")], Ending::Done);
        }
        let ending = match self.ending {
            Ending::CutOff if provider.cannot(Lack::CutOff) => Ending::Done,
            ending => ending,
        };
        (self.reply, self.said.clone(), ending)
    }
}

#[test]
fn what_a_caller_asks_reaches_the_provider() {
    for pair in pairs() {
        for case in cases() {
            for streaming in [false, true] {
                let asked = pair.ask(&case.question(streaming));
                let place = format!("{pair}, {}, streaming {streaming}", case.name);
                check_items(&pair, &case.sent(&pair), &asked, &place);
                check_members(&pair, &case, &asked, &place);
            }
        }
    }
}

/// The provider sees what was asked, without what it cannot be told, which is named.
fn check_items(pair: &Pair, sent: &[Item], asked: &Asked, place: &str) {
    let expected = able(sent, pair.provider.lacks());
    let seen = pair.provider.items(&asked.body());
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{place}");
    let lost = expected.len() < sent.len();
    let names = asked.named().iter().any(|path| path.starts_with("messages["));
    assert!(!lost || names, "{place}: lost without a word: {:?}", asked.named());
}

fn check_members(pair: &Pair, case: &Case, asked: &Asked, place: &str) {
    let can = |lack| !pair.caller.lacks().contains(&lack) && !pair.provider.cannot(lack);
    let body = asked.body();
    let tools = if case.tools && can(Lack::Calls) { tools() } else { Vec::new() };
    assert_eq!(pair.provider.tools(&body), tools, "{place}");
    let schema = (case.schema && can(Lack::Schema)).then(schema);
    assert_eq!(pair.provider.schema(&body), schema, "{place}");
    for (wanted, lack, member) in
        [(case.tools, Lack::Calls, "tools"), (case.schema, Lack::Schema, "response_format")]
    {
        let lost = wanted && pair.provider.cannot(lack) && !pair.caller.lacks().contains(&lack);
        let names = asked.named().iter().any(|path| path.starts_with(member));
        assert_eq!(lost, names, "{place}: {member} among {:?}", asked.named());
    }
}

#[test]
fn what_a_provider_answers_reaches_the_caller() {
    for pair in pairs() {
        for case in cases() {
            for streaming in [false, true] {
                let asked = pair.ask(&case.question(streaming));
                let (reply, said, ending) = case.reply(&pair);
                let bytes = pair.provider.transcript(reply, streaming);
                for slicing in SLICINGS {
                    let received = pair.receive(&asked, &bytes, (slicing, Transport::Clean));
                    let place =
                        format!("{pair}, {}, streaming {streaming}, {slicing:?}", case.name);
                    assert_eq!(received.failure, None, "{place}");
                    check_answer(&pair, &received.answer, (&said, ending), &place);
                    let counted = counted(&pair, streaming);
                    assert_eq!(received.answer.tokens, counted, "{place}");
                }
            }
        }
    }
}

fn check_answer(pair: &Pair, answer: &Answer, (said, ending): (&[Item], Ending), place: &str) {
    let lacks = pair.caller.lacks();
    let ending = match ending {
        Ending::Calls if lacks.contains(&Lack::Calls) => Ending::Done,
        ending => ending,
    };
    let expected: Vec<Item> = able(said, lacks).into_iter().cloned().collect();
    let (heard, ids) = apart(pair, &answer.items);
    assert_eq!(heard, apart(pair, &expected).0, "{place}");
    assert_eq!(answer.ending, Some(ending), "{place}");
    assert!(answer.clean, "{place}: no end");
    assert_eq!(answer.error, None, "{place}");
    let mut different = ids.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), ids.len(), "{place}: two calls with one id");
    assert!(ids.iter().all(|id| !id.is_empty()), "{place}: a call without an id");
}

/// Items and ids of calls; the ids are left out of the items where the gateway makes them.
fn apart(pair: &Pair, items: &[Item]) -> (Vec<Item>, Vec<String>) {
    let mut ids = Vec::new();
    let mut rest = items.to_vec();
    for item in &mut rest {
        if let Item::Call { id, .. } = item {
            ids.push(id.clone());
            if pair.provider.cannot(Lack::CallIds) {
                id.clear();
            }
        }
    }
    (rest, ids)
}

/// What the transcripts count, as far as the provider counts.
fn counted(pair: &Pair, streaming: bool) -> Option<Tokens> {
    let provider = pair.provider;
    let count = |lack, count| if provider.cannot(lack) { 0 } else { count };
    let counts = !provider.cannot(Lack::Usage) && (streaming || !provider.cannot(Lack::WholeUsage));
    counts.then(|| Tokens {
        cached: count(Lack::CachedUsage, COUNTED.cached),
        reasoning: count(Lack::ReasoningUsage, COUNTED.reasoning),
        ..COUNTED
    })
}

#[test]
fn results_of_tools_and_reasoning_reach_the_provider_that_called_them() {
    for pair in pairs() {
        let able = |lack| !pair.provider.cannot(lack) && !pair.caller.lacks().contains(&lack);
        for case in cases().into_iter().filter(|case| case.ending == Ending::Calls) {
            if !able(Lack::Calls) {
                continue;
            }
            for streaming in [false, true] {
                second_round(&pair, &case, streaming);
            }
        }
    }
}

/// The caller sends back what it got, and a result for each call.
fn second_round(pair: &Pair, case: &Case, streaming: bool) {
    let place = format!("{pair}, {}, streaming {streaming}", case.name);
    let mut question = case.question(streaming);
    let asked = pair.ask(&question);
    let reply = pair.provider.transcript(case.reply, streaming);
    let answer = pair.receive(&asked, &reply, (SLICINGS[1], Transport::Clean)).answer;
    let mut expected = case.asked.clone();
    expected.extend(given_back(pair, case, &answer));
    question.turns.push(Turn::Answer(answer.clone()));
    for item in &answer.items {
        if let Item::Call { id, name, .. } = item {
            let result = Item::result(id, &format!("result of {name}"));
            question.turns.push(Turn::Item(result.clone()));
            expected.push(result);
        }
    }
    let asked = pair.ask(&question);
    assert_eq!(pair.provider.items(&asked.body()), expected, "{place}: {:?}", asked.named());
}

/// What the caller heard, with the proofs that it carried unread.
fn given_back(pair: &Pair, case: &Case, answer: &Answer) -> Vec<Item> {
    let provider = pair.provider;
    let mut items = Vec::new();
    for item in &answer.items {
        if !matches!(item, Item::Thought(_)) || !provider.cannot(Lack::ThoughtsBack) {
            items.push(item.clone());
        }
        let thought = matches!(item, Item::Thought(_));
        if thought && case.reply == "thought" && !provider.cannot(Lack::Proofs) {
            items.push(Item::Proof(crate::reasoning::proof(provider.name()).to_owned()));
        }
    }
    items
}
