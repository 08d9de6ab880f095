//! What dialects lack is said once, and is no more than the truth.

use std::collections::BTreeSet;

use patchbay_sdk::testing::fixture_json;

use crate::callers;
use crate::conversation::Lack;
use crate::providers;

#[test]
fn every_provider_has_the_transcripts_of_what_it_can_do() {
    let needed = |lacks: &[Lack]| -> BTreeSet<&str> {
        let all = [
            ("text", None),
            ("length", None),
            ("one_call", Some(Lack::Calls)),
            ("two_calls", Some(Lack::Calls)),
            ("thought", Some(Lack::Thoughts)),
            ("error", Some(Lack::Errors)),
        ];
        let able = all.into_iter().filter(|(_, lack)| lack.is_none_or(|it| !lacks.contains(&it)));
        able.map(|(name, _)| name).collect()
    };
    for provider in providers::ALL {
        let transcripts = fixture_json(&format!("replies/{}.json", provider.name()));
        let names = transcripts.as_object().expect("an object").keys().map(String::as_str);
        assert_eq!(names.collect::<BTreeSet<_>>(), needed(provider.lacks()), "{}", provider.name());
    }
}

#[test]
fn only_dialects_of_plain_text_lack_tools_images_and_turns() {
    let plain = [Lack::Turns, Lack::Images, Lack::Calls];
    let lacks_some = |lacks: &[Lack]| plain.iter().any(|lack| lacks.contains(lack));
    let callers = callers::ALL.into_iter().filter(|it| lacks_some(it.lacks())).map(|it| it.name());
    assert_eq!(callers.collect::<Vec<_>>(), ["openai-completions"]);
    let providers = providers::ALL.into_iter();
    let providers = providers.filter(|it| lacks_some(it.lacks())).map(|it| it.name());
    assert_eq!(providers.collect::<Vec<_>>(), ["tgi", "cli-text", "cli-jsonl"]);
}
