//! The prompt templates, as data.
//!
//! None has the token that begins a text: for `/generate` the server's tokenizer adds it, where
//! the model has one. Sources:
//!
//! - `chatml`: <https://huggingface.co/docs/transformers/chat_templating>; Qwen, Hermes, Yi and
//!   many fine-tunes
//! - `llama3`: <https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/>
//! - `mistral`, `mistral-v1`:
//!   <https://docs.mistral.ai/cookbook/concept-deep-dive-tokenization-chat_templates>; the
//!   tokenizers V3 (7B Instruct v0.3, Mixtral 8x22B, Large 2407) and V1 (7B Instruct v0.1 and
//!   v0.2, Mixtral 8x7B)
//! - `zephyr`: <https://huggingface.co/HuggingFaceH4/zephyr-7b-beta>
//! - `gemma`: <https://ai.google.dev/gemma/docs/core/prompt-structure>; Gemma 1 to 3
//! - `plain`: the texts as they stand, a blank line between them; for base models, and for callers
//!   who write the template themselves

use serde::Deserialize;

/// A template by the name that an operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TemplateName {
    Chatml,
    Llama3,
    Mistral,
    MistralV1,
    Zephyr,
    Gemma,
    Plain,
}

/// How a chat is written.
pub(crate) struct Template {
    /// Where instructions stand.
    pub(crate) system: System,
    /// What stands before and after what the person says.
    pub(crate) user: Turn,
    /// What stands before and after what the model said.
    pub(crate) assistant: Turn,
    /// Between two turns.
    pub(crate) between: &'static str,
    /// What makes the model answer, at the end.
    pub(crate) opening: &'static str,
    /// What the model writes when it is done.
    pub(crate) stop: &'static [&'static str],
    /// Whether blanks around a text are cut.
    pub(crate) trims: bool,
}

/// What stands before and after a text.
pub(crate) type Turn = (&'static str, &'static str);

/// Where instructions stand.
#[derive(Clone, Copy)]
pub(crate) enum System {
    /// Where the caller has them, as turns.
    Turn(Turn),
    /// Before the first text of the person's. Turns have to alternate.
    FirstUser,
    /// Before the last text of the person's. Turns have to alternate.
    LastUser,
}

impl TemplateName {
    /// The template of the name.
    pub(crate) fn template(self) -> &'static Template {
        match self {
            Self::Chatml => &CHATML,
            Self::Llama3 => &LLAMA3,
            Self::Mistral => &MISTRAL,
            Self::MistralV1 => &MISTRAL_V1,
            Self::Zephyr => &ZEPHYR,
            Self::Gemma => &GEMMA,
            Self::Plain => &PLAIN,
        }
    }
}

static CHATML: Template = Template {
    system: System::Turn(("<|im_start|>system\n", "<|im_end|>\n")),
    user: ("<|im_start|>user\n", "<|im_end|>\n"),
    assistant: ("<|im_start|>assistant\n", "<|im_end|>\n"),
    between: "",
    opening: "<|im_start|>assistant\n",
    stop: &["<|im_end|>"],
    trims: false,
};

static LLAMA3: Template = Template {
    system: System::Turn(("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>")),
    user: ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    assistant: ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    between: "",
    opening: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    stop: &["<|eot_id|>"],
    trims: true,
};

static MISTRAL: Template = Template {
    system: System::LastUser,
    user: ("[INST] ", "[/INST]"),
    assistant: (" ", "</s>"),
    between: "",
    opening: "",
    stop: &["</s>"],
    trims: false,
};

static MISTRAL_V1: Template = Template {
    system: System::FirstUser,
    user: ("[INST] ", " [/INST]"),
    assistant: ("", "</s>"),
    between: " ",
    opening: "",
    stop: &["</s>"],
    trims: false,
};

static ZEPHYR: Template = Template {
    system: System::Turn(("<|system|>\n", "</s>\n")),
    user: ("<|user|>\n", "</s>\n"),
    assistant: ("<|assistant|>\n", "</s>\n"),
    between: "",
    opening: "<|assistant|>\n",
    stop: &["</s>"],
    trims: false,
};

static GEMMA: Template = Template {
    system: System::FirstUser,
    user: ("<start_of_turn>user\n", "<end_of_turn>\n"),
    assistant: ("<start_of_turn>model\n", "<end_of_turn>\n"),
    between: "",
    opening: "<start_of_turn>model\n",
    stop: &["<end_of_turn>"],
    trims: true,
};

static PLAIN: Template = Template {
    system: System::Turn(("", "")),
    user: ("", ""),
    assistant: ("", ""),
    between: "\n\n",
    opening: "",
    stop: &[],
    trims: false,
};
