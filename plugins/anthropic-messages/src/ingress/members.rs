//! Reading an object member by member, with paths as the vendor writes them: `messages.0.content`.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::{JsonKind, Object, RawJson};
use serde::de::DeserializeOwned;

/// An object whose members are taken one by one; what is left was not known.
pub(super) struct Reader {
    members: Object,
    path: String,
}

impl Reader {
    /// Reads an object at a path; the outermost has an empty one.
    pub(super) fn new(members: Object, path: String) -> Self {
        Self { members, path }
    }

    /// Reads a value that has to be an object.
    pub(super) fn of(value: &RawJson, path: String) -> Result<Self, Failure> {
        match value.parse() {
            Ok(members) => Ok(Self::new(members, path)),
            Err(_) => Err(wrong(&path, &format!("has to be an object, not {}", value.kind()))),
        }
    }

    /// The path of a member.
    pub(super) fn at(&self, name: &str) -> String {
        match self.path.is_empty() {
            true => name.to_owned(),
            false => format!("{}.{name}", self.path),
        }
    }

    /// The path of the object itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A failure about a member.
    pub(super) fn wrong(&self, name: &str, reason: &str) -> Failure {
        wrong(&self.at(name), reason)
    }

    /// Takes a member; null is absent.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Failure> {
        self.members.take(name).map_err(|problem| wrong(&self.at(name), &problem.message))
    }

    /// Takes a member that has to be there.
    pub(super) fn require<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Failure> {
        self.take(name)?.ok_or_else(|| self.wrong(name, "is required"))
    }

    /// Takes a member as it was written; null is absent.
    pub(super) fn take_raw(&mut self, name: &str) -> Option<RawJson> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a member that is an object.
    pub(super) fn take_object(&mut self, name: &str) -> Result<Option<Self>, Failure> {
        let path = self.at(name);
        self.take_raw(name).map(|value| Self::of(&value, path)).transpose()
    }

    /// Takes the member `type`.
    pub(super) fn kind(&mut self) -> Result<String, Failure> {
        self.require("type")
    }

    /// Moves members to another object, where they are.
    pub(super) fn hand_over(&mut self, names: &[&str], to: &mut Object) {
        for name in names {
            if let Some(value) = self.take_raw(name) {
                to.insert_raw(name, value);
            }
        }
    }

    /// What is left, without nulls.
    pub(super) fn rest(self) -> Object {
        let mut rest = Object::new();
        for (name, value) in self.members {
            if !value.is_null() {
                rest.insert_raw(&name, value);
            }
        }
        rest
    }
}

/// A failure about the member at a path.
pub(super) fn wrong(path: &str, reason: &str) -> Failure {
    Failure::invalid_request(path, format!("{path}: {reason}"))
}

/// A value that is a text, or a list of content blocks.
pub(super) enum TextOrBlocks {
    Text(String),
    Blocks(Vec<RawJson>),
}

/// Takes a member that is a text or a list of blocks.
pub(super) fn text_or_blocks(
    reader: &mut Reader,
    name: &str,
) -> Result<Option<TextOrBlocks>, Failure> {
    let Some(value) = reader.take_raw(name) else { return Ok(None) };
    let read = match value.kind() {
        JsonKind::String => value.parse().ok().map(TextOrBlocks::Text),
        JsonKind::Array => value.parse().ok().map(TextOrBlocks::Blocks),
        _ => None,
    };
    match read {
        Some(read) => Ok(Some(read)),
        None => Err(reader.wrong(name, "has to be a text or a list of content blocks")),
    }
}
