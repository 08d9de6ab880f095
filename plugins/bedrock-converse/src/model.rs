//! What a model id says about the model: its maker, and the version of a Claude model.
//!
//! Ids are those of <https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html>,
//! of inference profiles (the same after a geography) and ARNs that end in either.

use patchbay_sdk::canonical::chat::ReasoningDetail;

use crate::settings::FamilySetting;

/// Prefixes of inference profiles across regions.
const GEOGRAPHIES: [&str; 11] =
    ["us", "us-gov", "eu", "apac", "global", "jp", "au", "ca", "sa", "me", "af"];

/// Resources whose id says nothing about the model behind it.
const OPAQUE: [&str; 8] = [
    ":application-inference-profile/",
    ":provisioned-model/",
    ":custom-model/",
    ":custom-model-deployment/",
    ":imported-model/",
    ":prompt/",
    "prompt-router/",
    ":endpoint/",
];

/// Reasoning that models other than Claude want back: `format` of its details. OpenRouter's list
/// of formats has none for them.
const OTHER_FORMAT: &str = "amazon-bedrock-v1";

/// Who made a model, as far as requests differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Anthropic, with the version where the id says it.
    Claude(Option<Version>),
    /// Amazon Nova of the second generation, the first that reasons.
    Nova2,
    /// Amazon Nova before that.
    Nova,
    /// OpenAI.
    OpenAi,
    /// Somebody else.
    Other,
    /// The id does not say.
    Unknown,
}

/// Major and minor.
pub(crate) type Version = (u32, u32);

impl Family {
    pub(crate) fn of(model: &str, setting: FamilySetting) -> Self {
        let read = Self::read(model);
        match (setting, read) {
            (FamilySetting::Auto, _)
            | (FamilySetting::Claude, Self::Claude(_))
            | (FamilySetting::Nova, Self::Nova) => read,
            (FamilySetting::Claude, _) => Self::Claude(None),
            (FamilySetting::Nova, _) => Self::Nova2,
            (FamilySetting::OpenAi, _) => Self::OpenAi,
            (FamilySetting::Other, _) => Self::Other,
        }
    }

    fn read(model: &str) -> Self {
        if OPAQUE.iter().any(|kind| model.contains(kind)) {
            return Self::Unknown;
        }
        let name = foundation(model.rsplit('/').next().unwrap_or_default());
        match name.split_once('.') {
            Some(("anthropic", name)) => Self::Claude(claude_version(name)),
            Some(("amazon", name)) if name.starts_with("nova-2") => Self::Nova2,
            Some(("amazon", name)) if name.starts_with("nova") => Self::Nova,
            Some(("openai", _)) => Self::OpenAi,
            Some(_) => Self::Other,
            None => Self::Unknown,
        }
    }

    /// The `format` of reasoning that the model can be given back. What cannot be told is taken
    /// for Claude: of the models that sign their reasoning it is the most common.
    pub(crate) fn reasoning_format(self) -> &'static str {
        match self {
            Self::Claude(_) | Self::Unknown => ReasoningDetail::ANTHROPIC,
            Self::Nova2 | Self::Nova | Self::OpenAi | Self::Other => OTHER_FORMAT,
        }
    }
}

/// The foundation model behind an inference profile: CountTokens takes no profiles.
pub(crate) fn foundation(model: &str) -> &str {
    match model.split_once('.') {
        Some((geography, name)) if GEOGRAPHIES.contains(&geography) => name,
        _ => model,
    }
}

/// `claude-3-7-sonnet-20250219-v1:0` is 3.7, `claude-opus-4-20250514-v1:0` is 4.0.
fn claude_version(name: &str) -> Option<Version> {
    let mut numbers =
        name.split('-').filter(|word| word.len() <= 2).filter_map(|word| word.parse::<u32>().ok());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_says_who_made_the_model() {
        use Family as F;
        let cases = [
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", F::Claude(Some((3, 5)))),
            ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", F::Claude(Some((3, 7)))),
            ("anthropic.claude-opus-4-20250514-v1:0", F::Claude(Some((4, 0)))),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", F::Claude(Some((4, 5)))),
            ("global.anthropic.claude-opus-4-6-v1", F::Claude(Some((4, 6)))),
            ("us.anthropic.claude-sonnet-5", F::Claude(Some((5, 0)))),
            ("anthropic.claude-v2:1", F::Claude(None)),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-6-v1",
                F::Claude(Some((4, 6))),
            ),
            (
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
                F::Nova,
            ),
            ("us.amazon.nova-2-lite-v1:0", F::Nova2),
            ("openai.gpt-oss-120b-1:0", F::OpenAi),
            ("deepseek.v3.1", F::Other),
            ("meta.llama3-1-70b-instruct-v1:0", F::Other),
            (
                "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
                F::Unknown,
            ),
            ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a.b", F::Unknown),
            ("", F::Unknown),
        ];
        for (model, family) in cases {
            assert_eq!(Family::of(model, FamilySetting::Auto), family, "{model}");
        }
    }

    #[test]
    fn the_operator_knows_better_but_a_version_is_kept() {
        let claude = "us.anthropic.claude-sonnet-4-6";
        assert_eq!(Family::of(claude, FamilySetting::Claude), Family::Claude(Some((4, 6))));
        assert_eq!(Family::of("x", FamilySetting::Claude), Family::Claude(None));
        assert_eq!(Family::of(claude, FamilySetting::Other), Family::Other);
        assert_eq!(Family::of("x", FamilySetting::Nova), Family::Nova2);
    }

    #[test]
    fn only_geographies_are_cut_off() {
        assert_eq!(foundation("us.anthropic.claude-sonnet-4-6"), "anthropic.claude-sonnet-4-6");
        assert_eq!(foundation("deepseek.v3.1"), "deepseek.v3.1");
        assert_eq!(foundation("opaque"), "opaque");
    }
}
