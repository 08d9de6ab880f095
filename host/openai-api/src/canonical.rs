//! Types that keep the members they do not know, and the macro that makes them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::number::Number;
use crate::object::Object;
use crate::problem::Problem;
use crate::raw::RawJson;
use crate::scan;

pub(crate) mod trail;

/// Deepest nesting of a document: what common parsers of other languages still read.
pub const MAX_DEPTH: usize = 128;

/// A canonical document or a part of one.
pub trait Canonical: Serialize + DeserializeOwned {
    /// Reads it.
    ///
    /// # Errors
    /// Not UTF-8, not JSON, nested too deeply, or a member is missing or of the wrong type; the
    /// path says which.
    fn from_json(json: &[u8]) -> Result<Self, Problem> {
        let text = text_of(json)?;
        check_depth(text)?;
        serde_json::from_str(text).map_err(|error| Problem::of_reading(text, &error))
    }

    /// Writes it, on one line.
    #[must_use]
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("canonical types have string keys and cannot fail")
    }
}

pub(crate) fn text_of(json: &[u8]) -> Result<&str, Problem> {
    if json.trim_ascii().is_empty() {
        return Err(Problem::empty());
    }
    std::str::from_utf8(json).map_err(|error| Problem::not_utf8(&error))
}

pub(crate) fn check_depth(text: &str) -> Result<(), Problem> {
    if scan::within_depth(text.as_bytes(), MAX_DEPTH) {
        Ok(())
    } else {
        Err(Problem::too_deep(MAX_DEPTH))
    }
}

/// What a member's value can be. Reads like `Deserialize`, but lists name the index that is wrong.
pub(crate) trait Member: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<T: Member> Member for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

macro_rules! plain_members {
    ($($ty:ty),*) => {$(
        impl Member for $ty {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }
    )*};
}

plain_members!(String, bool, u32, Number, Object, RawJson);

/// Makes serde's traits out of [`Member`].
pub(crate) struct Slot<T>(pub(crate) T);

impl<'de, T: Member> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Member> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<T>, A::Error> {
        read_items(seq)
    }
}

/// Reads a list; an error names the index.
pub(crate) fn read_items<'de, T: Member, A: SeqAccess<'de>>(
    mut seq: A,
) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(Slot(item)) =
        seq.next_element().map_err(|error| trail::under_index(items.len(), &error))?
    {
        items.push(item);
    }
    Ok(items)
}

/// A member's name, borrowed where it has no escapes.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Makes a struct of known members and `extra`, which keeps all others.
///
/// Each member has a mode: `required` (must be there), `defaulted` (absent or null is the
/// default; always written), `optional` (`Option`; `None` is not written), `nullable` (`Option`;
/// `None` is written as null), `lenient` (like `optional`, but a value of the wrong type goes to
/// `extra` instead of failing the whole). `as "name"` gives the wire name where it differs.
macro_rules! canonical {
    (
        $(#[$doc:meta])*
        pub struct $type:ident {
            $(
                $(#[$member_doc:meta])*
                $mode:ident $member:ident $(as $wire:literal)? : $value:ty,
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $type {
            $( $(#[$member_doc])* pub $member: canonical!(@type $mode $value), )*
            /// All other members, as they were written.
            pub extra: $crate::Object,
        }

        impl $crate::Canonical for $type {}

        impl $crate::canonical::Member for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$type, A::Error> {
                        use $crate::canonical::Name;
                        $( let mut $member: Option<$value> = None; )*
                        let mut extra = Vec::new();
                        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                            $(
                                if name == canonical!(@wire $member $(, $wire)?) {
                                    canonical!(@read $mode $value, $member, name, map, extra);
                                    continue;
                                }
                            )*
                            extra.push((name.into_owned(), map.next_value()?));
                        }
                        Ok($type {
                            $( $member: canonical!(
                                @build $mode $member, canonical!(@wire $member $(, $wire)?)
                            ), )*
                            extra: $crate::Object::from_members(extra),
                        })
                    }
                }
                from.deserialize_map(Members)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $( canonical!(
                    @write $mode map, canonical!(@wire $member $(, $wire)?), &self.$member
                ); )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };

    (@wire $member:ident) => { stringify!($member) };
    (@wire $member:ident, $wire:literal) => { $wire };

    (@type required $value:ty) => { $value };
    (@type defaulted $value:ty) => { $value };
    (@type $mode:ident $value:ty) => { Option<$value> };

    (@read required $value:ty, $member:ident, $name:ident, $map:ident, $extra:ident) => {
        $member = Some(canonical!(@next $value, $name, $map).0)
    };
    (@read lenient $value:ty, $member:ident, $name:ident, $map:ident, $extra:ident) => {
        let raw: $crate::RawJson = $map.next_value()?;
        $member = raw.parse::<$crate::canonical::Slot<$value>>().ok().map(|slot| slot.0);
        if $member.is_none() && !raw.is_null() {
            $extra.push(($name.into_owned(), raw));
        }
    };
    (@read $mode:ident $value:ty, $member:ident, $name:ident, $map:ident, $extra:ident) => {
        $member = canonical!(@next_option $value, $name, $map).map(|slot| slot.0)
    };

    (@next $value:ty, $name:ident, $map:ident) => {
        $map.next_value::<$crate::canonical::Slot<$value>>()
            .map_err(|error| $crate::canonical::trail::under_member(&$name, &error))?
    };
    (@next_option $value:ty, $name:ident, $map:ident) => {
        $map.next_value::<Option<$crate::canonical::Slot<$value>>>()
            .map_err(|error| $crate::canonical::trail::under_member(&$name, &error))?
    };

    (@build required $member:ident, $name:expr) => {
        match $member {
            Some(value) => value,
            None => return Err($crate::canonical::trail::missing($name)),
        }
    };
    (@build defaulted $member:ident, $name:expr) => { $member.unwrap_or_default() };
    (@build $mode:ident $member:ident, $name:expr) => { $member };

    (@write optional $map:ident, $name:expr, $value:expr) => {
        if let Some(value) = $value {
            $map.serialize_entry($name, value)?;
        }
    };
    (@write lenient $map:ident, $name:expr, $value:expr) => {
        canonical!(@write optional $map, $name, $value)
    };
    (@write $mode:ident $map:ident, $name:expr, $value:expr) => {
        $map.serialize_entry($name, $value)?
    };
}

/// Makes an enum of known words that keeps a word it does not know.
macro_rules! open_words {
    (
        $(#[$doc:meta])*
        pub enum $type:ident { $( $(#[$word_doc:meta])* $word:ident = $text:literal, )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $type {
            $( $(#[$word_doc])* $word, )*
            /// A word that is not in the list, as it was written.
            Other(String),
        }

        impl $type {
            /// The word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$word => $text, )*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $type {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $( $text => Self::$word, )*
                    _ => Self::Other(word),
                }
            }
        }

        impl From<&str> for $type {
            fn from(word: &str) -> Self {
                word.to_owned().into()
            }
        }

        impl $crate::canonical::Member for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self::from)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use {canonical, open_words};
