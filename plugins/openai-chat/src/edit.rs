//! Edits a body in place: every byte that no rule is about stays as it was written.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use patchbay_sdk::Failure;
use patchbay_sdk::request::Dropped;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::quirks::Rule;

/// The edited body and the paths of what was taken out.
///
/// # Errors
/// `invalid-request` for what is no JSON object.
pub(crate) fn edited(body: &[u8], rule: &Rule) -> Result<(Vec<u8>, Vec<String>), Failure> {
    let wrong = || Failure::invalid_request("", "the request is not a JSON object");
    let text = std::str::from_utf8(body).map_err(|_| wrong())?;
    let mut edits = Edits { text, cuts: Vec::new(), dropped: Dropped::default() };
    let members: Members<'_> = serde_json::from_str(text).map_err(|_| wrong())?;
    edits.object(&members, rule);
    Ok(edits.apply())
}

/// The changes to one text.
struct Edits<'a> {
    text: &'a str,
    /// In order, and none inside another.
    cuts: Vec<(Range<usize>, String)>,
    dropped: Dropped,
}

impl<'a> Edits<'a> {
    fn value(&mut self, value: &'a RawValue, rule: &Rule) {
        let start = value.get().as_bytes().first();
        if start == Some(&b'{') && !rule.members.is_empty() {
            if let Ok(members) = serde_json::from_str::<Members<'a>>(value.get()) {
                self.object(&members, rule);
            }
        } else if let (Some(b'['), Some(item_rule)) = (start, &rule.items) {
            let items: Vec<&'a RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            for item in items {
                self.value(item, item_rule);
            }
        } else if let (Some(b'"'), Some((old, new))) = (start, rule.replaced)
            && serde_json::from_str::<Cow<'_, str>>(value.get()).is_ok_and(|text| text == old)
        {
            self.cuts.push((self.place(value.get()), quoted(new)));
        }
    }

    fn object(&mut self, members: &Members<'a>, rule: &Rule) {
        let fates: Vec<_> = members.0.iter().map(|member| members.fate(member, rule)).collect();
        let last_kept = fates.iter().rposition(|fate| !matches!(fate, Fate::Removed(_)));
        let mut last_end = None;
        for (at, (member, fate)) in members.0.iter().zip(fates).enumerate() {
            let place = self.place(member.name).start..self.place(member.value.get()).end;
            let end = place.end;
            match fate {
                Fate::Removed(path) => {
                    self.dropped.add_if(path.is_some(), path.unwrap_or_default());
                    let next = members.0.get(at + 1).filter(|_| last_kept > Some(at));
                    // Of the commas beside it the one behind goes with it, or the one before
                    // where no member that stays follows.
                    let cut = match next {
                        Some(next) => place.start..self.place(next.name).start,
                        None => last_end.unwrap_or(place.start)..end,
                    };
                    self.cuts.push((cut, String::new()));
                }
                Fate::Renamed(name) => {
                    self.cuts.push((self.place(member.name), quoted(name)));
                }
                Fate::Kept => {
                    if let Some(inner) = rule.members.get(&*member.plain_name) {
                        self.value(member.value, inner);
                    }
                }
            }
            last_end = Some(end);
        }
    }

    /// Where a part of the text stands in it.
    fn place(&self, part: &str) -> Range<usize> {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        start..start + part.len()
    }

    fn apply(self) -> (Vec<u8>, Vec<String>) {
        let mut body = Vec::with_capacity(self.text.len() + 64);
        let mut from = 0;
        for (cut, new) in &self.cuts {
            body.extend_from_slice(self.text.get(from..cut.start).unwrap_or_default().as_bytes());
            body.extend_from_slice(new.as_bytes());
            from = cut.end;
        }
        body.extend_from_slice(self.text.get(from..).unwrap_or_default().as_bytes());
        (body, self.dropped.into_paths())
    }
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What becomes of a member.
enum Fate<'r> {
    Kept,
    /// The path to be named, unless the member said nothing.
    Removed(Option<&'r str>),
    Renamed(&'r str),
}

/// The host asks every stream for its usage, and gives the caller what the caller wanted: a server
/// that does not take the question counts anyway, or cannot.
const OWN_TO_THE_HOST: &str = "stream_options";

/// An object's members as they were written, in order.
struct Members<'a>(Vec<Member<'a>>);

struct Member<'a> {
    /// With its quotes.
    name: &'a str,
    plain_name: Cow<'a, str>,
    value: &'a RawValue,
}

impl<'a> Members<'a> {
    fn fate<'r>(&self, member: &Member<'_>, rule: &'r Rule) -> Fate<'r> {
        // A member that another one is renamed to makes room for it if it says nothing.
        let makes_room = || {
            let renamed = rule
                .members
                .iter()
                .filter_map(|(name, rule)| rule.renamed.as_ref().map(|(_, new)| (name, new)));
            renamed.into_iter().any(|(old, new)| *new == *member.plain_name && self.says(old))
        };
        let says_something = member.value.get() != "null";
        match rule.members.get(&*member.plain_name) {
            Some(Rule { removed: Some(path), .. }) => {
                let is_named = says_something && path != OWN_TO_THE_HOST;
                Fate::Removed(is_named.then_some(path))
            }
            Some(Rule { renamed: Some((path, new)), .. }) => match says_something {
                true if self.says(new) => Fate::Removed(Some(path)),
                true => Fate::Renamed(new),
                false => Fate::Removed(None),
            },
            _ if !says_something && makes_room() => Fate::Removed(None),
            _ => Fate::Kept,
        }
    }

    /// Whether there is a member of this name that is not null.
    fn says(&self, name: &str) -> bool {
        self.0.iter().any(|member| member.plain_name == name && member.value.get() != "null")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                    let name = name.get();
                    let plain_name = match name.contains('\\') {
                        true => serde_json::from_str::<String>(name).map(Cow::Owned),
                        false => Ok(Cow::Borrowed(name.trim_matches('"'))),
                    };
                    let plain_name = plain_name.map_err(serde::de::Error::custom)?;
                    members.push(Member { name, plain_name, value });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}
