//! Content blocks and turns as they are written.

use patchbay_sdk::canonical::{Object, RawJson};
use serde::{Serialize, Serializer};

use crate::json::{Members, of_type};

/// One content block.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// Text without other members: alone it is written as a string.
    Text(String),
    /// The result of a tool: stands before all others of its turn.
    Result(Object),
    /// Any other, with all its members.
    Other(Object),
}

impl Block {
    /// Text; none if there is nothing in it, which the API refuses.
    pub(crate) fn text(text: String) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text(text))
    }

    /// Marks the block as the end of a piece to cache.
    pub(crate) fn cached(self, cache_control: Option<RawJson>) -> Self {
        let Some(cache_control) = cache_control else { return self };
        match self {
            Self::Text(text) => {
                Self::Other(text_object(&text).with("cache_control", &cache_control))
            }
            Self::Result(object) => Self::Result(object.with("cache_control", &cache_control)),
            Self::Other(object) => Self::Other(object.with("cache_control", &cache_control)),
        }
    }

    /// Whether it is of that type.
    pub(crate) fn is(&self, kind: &str) -> bool {
        match self {
            Self::Text(_) => kind == "text",
            Self::Result(object) | Self::Other(object) => {
                object.get::<String>("type").ok().flatten().as_deref() == Some(kind)
            }
        }
    }
}

fn text_object(text: &str) -> Object {
    of_type("text").with("text", text)
}

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => {
                #[derive(Serialize)]
                struct Text<'a> {
                    r#type: &'static str,
                    text: &'a str,
                }
                Text { r#type: "text", text }.serialize(serializer)
            }
            Self::Result(object) | Self::Other(object) => object.serialize(serializer),
        }
    }
}

/// What a turn, or the member `system`, says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content(pub(crate) Vec<Block>);

impl Content {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends blocks; results go behind the results that are there.
    pub(crate) fn append(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            if matches!(block, Block::Result(_)) {
                let is_other = |block: &Block| !matches!(block, Block::Result(_));
                let place = self.0.iter().position(is_other).unwrap_or(self.0.len());
                self.0.insert(place, block);
            } else {
                self.0.push(block);
            }
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [Block::Text(text)] => text.serialize(serializer),
            blocks => blocks.serialize(serializer),
        }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Speaker {
    User,
    Assistant,
    System,
}

/// One message of the body.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Turn {
    pub(crate) role: Speaker,
    pub(crate) content: Content,
}
