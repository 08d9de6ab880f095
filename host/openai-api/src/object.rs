//! An ordered JSON object whose values stay text.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::{check_depth, text_of};
use crate::problem::Problem;
use crate::raw::RawJson;

/// Members in the order in which they were written, values digit by digit.
///
/// Of members with the same name the last one counts. Nested values may be at most
/// [`MAX_DEPTH`](crate::MAX_DEPTH) levels deep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    members: Vec<(String, RawJson)>,
}

impl Object {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// Reads an object.
    ///
    /// # Errors
    /// Not UTF-8, not JSON, not an object, or nested too deeply.
    pub fn from_json(json: &[u8]) -> Result<Self, Problem> {
        let text = text_of(json)?;
        check_depth(text)?;
        serde_json::from_str(text).map_err(|error| Problem::of_reading(text, &error))
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A member's text.
    #[must_use]
    pub fn get_raw(&self, name: &str) -> Option<&RawJson> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Reads a member as a type; absent is `None`, and so is `null`.
    ///
    /// # Errors
    /// It is not of that type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        match self.get_raw(name) {
            Some(raw) if !raw.is_null() => parse_member(name, raw).map(Some),
            _ => Ok(None),
        }
    }

    /// Like [`Object::get`], and removes the member if it could be read.
    ///
    /// # Errors
    /// It is not of that type; it stays then.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let value = self.get(name)?;
        self.remove(name);
        Ok(value)
    }

    /// Sets a member, in its old place if it had one.
    ///
    /// # Errors
    /// The value has no JSON.
    pub fn insert(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Problem> {
        let raw = RawJson::of(value).map_err(|problem| Problem::at(name, problem.message))?;
        self.insert_raw(name, raw);
        Ok(())
    }

    /// Sets a member to a text, in its old place if it had one.
    pub fn insert_raw(&mut self, name: &str, value: RawJson) {
        match self.members.iter_mut().find(|(member, _)| member == name) {
            Some((_, old)) => *old = value,
            None => self.members.push((name.to_owned(), value)),
        }
    }

    /// Removes a member.
    pub fn remove(&mut self, name: &str) -> Option<RawJson> {
        let place = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.remove(place).1)
    }

    /// Takes members as they were read, the last of each name.
    pub(crate) fn from_members(mut members: Vec<(String, RawJson)>) -> Self {
        if members.len() > 1 {
            keep_last_of_each_name(&mut members);
        }
        Self { members }
    }
}

fn parse_member<T: DeserializeOwned>(name: &str, raw: &RawJson) -> Result<T, Problem> {
    raw.parse().map_err(|mut problem| {
        let dot = if problem.path.is_empty() || problem.path.starts_with('[') { "" } else { "." };
        problem.path = format!("{name}{dot}{}", problem.path);
        problem
    })
}

fn keep_last_of_each_name(members: &mut Vec<(String, RawJson)>) {
    let last: HashMap<&str, usize> =
        members.iter().enumerate().map(|(place, (name, _))| (name.as_str(), place)).collect();
    if last.len() == members.len() {
        return;
    }
    let mut kept: Vec<usize> = last.into_values().collect();
    kept.sort_unstable();
    let mut kept = kept.into_iter().peekable();
    let mut place = 0;
    members.retain(|_| {
        let keep = kept.next_if_eq(&place).is_some();
        place += 1;
        keep
    });
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object::from_members(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl IntoIterator for Object {
    type Item = (String, RawJson);
    type IntoIter = std::vec::IntoIter<(String, RawJson)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_DEPTH;

    fn object(json: &str) -> Object {
        Object::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn order_and_digits_survive() {
        let json = r#"{"z":9007199254740993,"a":1.0,"m":{"x":1e400,"y":[ 1 ]}}"#;
        assert_eq!(serde_json::to_string(&object(json)).unwrap(), json);
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let read = object(r#"{"a":1,"b":2,"a":3,"\u0061":4}"#);
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"b":2,"a":4}"#);
    }

    #[test]
    fn members_are_read_typed_set_in_place_and_removed() {
        let mut read = object(r#"{"a":1,"b":null,"c":"x"}"#);
        assert_eq!(read.get::<u64>("a"), Ok(Some(1)));
        assert_eq!(read.get::<u64>("b"), Ok(None));
        assert_eq!(read.get::<u64>("absent"), Ok(None));
        assert_eq!(read.get::<u64>("c").unwrap_err().path, "c");
        assert!(read.take::<u64>("c").is_err());
        read.insert("a", "new").unwrap();
        read.insert("d", &[1, 2]).unwrap();
        assert_eq!(read.take::<String>("c"), Ok(Some("x".to_owned())));
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"a":"new","b":null,"d":[1,2]}"#);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Object::from_json(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        let problem = Object::from_json(nested(MAX_DEPTH).as_bytes()).unwrap_err();
        assert!(problem.message.contains("nested deeper"), "{problem}");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in ["[]", "1", "\"secret\"", "", "{", "{}x", "{\"a\":01}"] {
            let problem = Object::from_json(json.as_bytes()).unwrap_err();
            assert!(!problem.message.contains("secret"), "{problem}");
        }
    }
}
