//! Reads a table member by member, and reports everything that is wrong with it.
//!
//! A reader asks for each member it knows. What it gets is `None` where the member is absent or
//! bad; a bad one has been reported by then, so the reader goes on with a default and finds the
//! next problem. At the end [`Fields::finish`] reports the members that nobody asked for.
//! Messages tell the kind of a wrong value, never the value: it may be a secret.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::problem::{Problems, element_path, member_path, quoted};
use crate::suggestion::did_you_mean;

/// A table that is being read.
pub struct Fields<'v, 'p> {
    members: &'v Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
    ignored: Vec<&'static str>,
    problems: &'p mut Problems,
}

/// A member that was asked for.
pub struct Member<'v, 'f> {
    pub(crate) value: Option<&'v Value>,
    path: String,
    problems: &'f mut Problems,
}

/// An element of a list, or of a table whose member names are the operator's.
pub struct Element<'v, 'f> {
    /// Its value.
    pub value: &'v Value,
    /// Its path.
    pub path: String,
    /// Where to report.
    pub problems: &'f mut Problems,
}

impl<'v, 'p> Fields<'v, 'p> {
    /// Begins with the outermost table.
    #[must_use]
    pub fn root(members: &'v Map<String, Value>, problems: &'p mut Problems) -> Self {
        Self { members, path: String::new(), known: Vec::new(), ignored: Vec::new(), problems }
    }

    /// Lets members stand that mean nothing here, whatever they hold.
    pub(crate) fn ignore(&mut self, names: &'static [&'static str]) {
        self.ignored.extend_from_slice(names);
    }

    /// Asks for a member. JSON's `null` is as good as absent.
    pub fn member(&mut self, name: &'static str) -> Member<'v, '_> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        Member {
            value: self.members.get(name).filter(|value| !value.is_null()),
            path: member_path(&self.path, name),
            problems: self.problems,
        }
    }

    /// Path of the table, or of one of its members.
    #[must_use]
    pub fn path(&self, member: Option<&str>) -> String {
        member.map_or_else(|| self.path.clone(), |name| member_path(&self.path, name))
    }

    /// Reports a problem of one member, or of the table as a whole.
    pub fn report(&mut self, member: Option<&str>, message: impl Into<String>, fix: &str) {
        let path = self.path(member);
        self.problems.report(path, message, fix);
    }

    /// Where to report, for a check that has a path of its own.
    pub(crate) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Reports a problem at another place of the document.
    pub fn report_at(&mut self, path: impl Into<String>, message: impl Into<String>, fix: &str) {
        self.problems.report(path, message, fix);
    }

    /// Reports every member that was not asked for.
    pub fn finish(self) {
        for name in self.members.keys() {
            if !self.known.contains(&name.as_str()) && !self.ignored.contains(&name.as_str()) {
                self.problems.report(
                    member_path(&self.path, name),
                    format!("unknown member {}", quoted(name)),
                    did_you_mean(name, self.known.iter().copied()),
                );
            }
        }
    }
}

impl<'v, 'f> Member<'v, 'f> {
    /// Reports the member if it is absent.
    #[must_use]
    pub fn required(self, fix: &str) -> Self {
        if self.value.is_none() {
            self.problems.report(&self.path, "is missing", fix);
        }
        self
    }

    /// The value as it is.
    #[must_use]
    pub fn value(self) -> Option<&'v Value> {
        self.value
    }

    /// Reports the member.
    pub fn report(self, message: impl Into<String>, fix: impl Into<String>) {
        self.problems.report(self.path, message, fix);
    }

    /// A text.
    #[must_use]
    pub fn text(self) -> Option<&'v str> {
        self.element()?.text()
    }

    /// A text that is parsed. The parser's error must not quote what could be a secret.
    pub fn parsed<T>(self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.element()?.parsed()
    }

    /// One of a few words.
    pub fn choice<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        self.element()?.choice(words)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        let found = self.value?.as_bool();
        if found.is_none() {
            self.wrong_kind("true or false");
        }
        found
    }

    /// A whole number within a range.
    #[must_use]
    pub fn integer(self, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value?;
        if !value.is_i64() && !value.is_u64() {
            self.wrong_kind("a whole number");
            return None;
        }
        let found = value.as_u64().filter(|number| range.contains(number));
        if found.is_none() {
            let (least, most) = range.into_inner();
            self.report(
                format!("{value} is out of range"),
                format!("use a number from {least} to {most}"),
            );
        }
        found
    }

    /// A list; each element is read by `read`, and those it refuses are left out.
    pub fn list<T>(self, mut read: impl FnMut(Element<'v, '_>) -> Option<T>) -> Option<Vec<T>> {
        let Some(elements) = self.value?.as_array() else {
            self.wrong_kind("a list");
            return None;
        };
        let mut read_all = Vec::with_capacity(elements.len());
        for (index, value) in elements.iter().enumerate() {
            read_all.extend(read(Element {
                value,
                path: element_path(&self.path, index),
                problems: self.problems,
            }));
        }
        Some(read_all)
    }

    /// A table with members of known names; `read` asks for them, the rest is reported.
    pub fn table<T>(self, read: impl FnOnce(&mut Fields<'v, '_>) -> Option<T>) -> Option<T> {
        self.element()?.table(read)
    }

    /// A table whose member names are the operator's.
    pub fn entries<T>(
        self,
        mut read: impl FnMut(&'v str, Element<'v, '_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(members) = self.value?.as_object() else {
            self.wrong_kind("a table");
            return None;
        };
        let mut read_all = Vec::with_capacity(members.len());
        for (name, value) in members {
            let element =
                Element { value, path: member_path(&self.path, name), problems: self.problems };
            read_all.extend(read(name, element));
        }
        Some(read_all)
    }

    fn element(self) -> Option<Element<'v, 'f>> {
        Some(Element { value: self.value?, path: self.path, problems: self.problems })
    }

    fn wrong_kind(self, wanted: &str) {
        if let Some(element) = self.element() {
            element.wrong_kind(wanted);
        }
    }
}

impl<'v> Element<'v, '_> {
    /// A text.
    #[must_use]
    pub fn text(self) -> Option<&'v str> {
        let found = self.value.as_str();
        if found.is_none() {
            self.wrong_kind("a text in quotes");
        }
        found
    }

    /// One of a few words.
    pub fn choice<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        let Some(text) = self.value.as_str() else {
            self.wrong_kind("a text in quotes");
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let fix = did_you_mean(text, words.iter().map(|(word, _)| *word));
            let message = format!("unknown value {}", quoted(text));
            self.problems.report(self.path, message, fix);
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A text that is parsed. The parser's error must not quote what could be a secret.
    pub fn parsed<T>(self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some(text) = self.value.as_str() else {
            self.wrong_kind("a text in quotes");
            return None;
        };
        text.parse().map_err(|error: T::Err| self.refuse(&error.to_string())).ok()
    }

    /// A table with members of known names; `read` asks for them, the rest is reported.
    pub fn table<T>(self, read: impl FnOnce(&mut Fields<'v, '_>) -> Option<T>) -> Option<T> {
        let Some(members) = self.value.as_object() else {
            self.wrong_kind("a table");
            return None;
        };
        let mut fields = Fields {
            members,
            path: self.path,
            known: Vec::new(),
            ignored: Vec::new(),
            problems: self.problems,
        };
        let found = read(&mut fields);
        fields.finish();
        found
    }

    /// Reports what is wrong with a text: "what is wrong; what to do".
    pub(crate) fn refuse(self, reason: &str) {
        let (message, fix) = reason.split_once("; ").unwrap_or((reason, "correct it"));
        self.problems.report(self.path, message, fix);
    }

    fn wrong_kind(self, wanted: &str) {
        let kind = kind_of(self.value);
        self.problems.report(
            self.path,
            format!("must be {wanted}, but is {kind}"),
            format!("write {wanted}"),
        );
    }
}

/// What a value is, in an operator's words, without repeating it: it may be a secret.
#[must_use]
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

#[cfg(test)]
mod tests;
