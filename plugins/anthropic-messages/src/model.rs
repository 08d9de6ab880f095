//! What a model's name says about the requests it takes.
//!
//! The API refuses with status 400 what a generation of Claude does not take, and a plugin cannot
//! ask: so the name decides, and a setting overrules it. A Claude model whose name has no number
//! is taken for a new one; a model of another name belongs to a server that offers the same API
//! (llama.cpp, gateways) and is taken for one that knows the older members.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/thinking>,
//! <https://platform.claude.com/docs/en/about-claude/models/overview>.

/// A model by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// A Claude model of a generation: major and minor number.
    Claude(u32, u32),
    /// Any other.
    Foreign,
}

impl Model {
    /// Reads names as Anthropic and the cloud platforms write them: `claude-opus-4-7`,
    /// `claude-3-7-sonnet-20250219`, `us.anthropic.claude-sonnet-4-5-20250929-v1:0`,
    /// `claude-opus-4-1@20250805`.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some((_, after)) = name.split_once("claude") else { return Self::Foreign };
        let mut words = after.split(['-', '.', '@', ':', '_', '/']);
        // Dates have more digits than a generation.
        let number = |word: &str| match word.len() {
            1 | 2 => word.parse::<u32>().ok(),
            _ => None,
        };
        match words.find_map(number) {
            Some(major) => Self::Claude(major, words.next().and_then(number).unwrap_or(0)),
            None => Self::Claude(u32::MAX, 0),
        }
    }

    /// Whether it is Claude of that generation or a later one.
    fn is_since(self, major: u32, minor: u32) -> bool {
        matches!(self, Self::Claude(a, b) if (a, b) >= (major, minor))
    }

    /// Whether it can be told to think.
    pub(crate) fn thinks(self) -> bool {
        self == Self::Foreign || self.is_since(3, 7)
    }

    /// Whether thinking is adaptive, with an effort; before that it has a budget of tokens.
    pub(crate) fn thinks_adaptively(self) -> bool {
        self.is_since(4, 6)
    }

    /// Whether it thinks where nothing is said about it.
    pub(crate) fn thinks_by_itself(self) -> bool {
        self.is_since(5, 0)
    }

    /// Whether it knows the effort `xhigh`.
    pub(crate) fn knows_xhigh(self) -> bool {
        self.is_since(4, 7)
    }

    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(crate) fn takes_sampling(self) -> bool {
        !self.is_since(4, 7)
    }

    /// Whether it takes only one of `temperature` and `top_p`.
    pub(crate) fn takes_one_sampling_member(self) -> bool {
        self.is_since(4, 1)
    }

    /// A limit of the answer that the model accepts: the API requires one.
    pub(crate) fn max_tokens_default(self) -> u64 {
        if self.is_since(4, 0) { 32_000 } else { 4_096 }
    }

    /// The greatest limit that all models of a generation accept, as far as they take budgets.
    pub(crate) fn max_tokens_most(self) -> u64 {
        match self {
            Self::Claude(4, 0 | 1) => 32_000,
            Self::Claude(3, _) | Self::Claude(4, 2..=5) => 64_000,
            Self::Claude(..) | Self::Foreign => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_is_read_from_every_way_to_write_a_name() {
        let cases = [
            ("claude-opus-4-7", Model::Claude(4, 7)),
            ("claude-sonnet-5", Model::Claude(5, 0)),
            ("claude-haiku-5-5", Model::Claude(5, 5)),
            ("claude-3-7-sonnet-20250219", Model::Claude(3, 7)),
            ("claude-3-opus-latest", Model::Claude(3, 0)),
            ("claude-sonnet-4-20250514", Model::Claude(4, 0)),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Model::Claude(4, 5)),
            ("anthropic.claude-opus-4-6-v1", Model::Claude(4, 6)),
            ("claude-opus-4-1@20250805", Model::Claude(4, 1)),
            ("claude-4-opus-20250514", Model::Claude(4, 0)),
            ("claude-instant-1.2", Model::Claude(1, 2)),
            ("Claude-Mythos-Preview", Model::Claude(u32::MAX, 0)),
            ("qwen3-32b", Model::Foreign),
            ("", Model::Foreign),
        ];
        for (name, model) in cases {
            assert_eq!(Model::of(name), model, "{name}");
        }
    }

    #[test]
    fn other_models_take_what_old_models_took() {
        let foreign = Model::of("qwen3-32b");
        assert!(foreign.takes_sampling() && !foreign.takes_one_sampling_member());
        assert!(!foreign.thinks_adaptively() && !foreign.thinks_by_itself());
        let new = Model::of("claude-mythos-preview");
        assert!(new.thinks_adaptively() && new.knows_xhigh() && !new.takes_sampling());
    }
}
