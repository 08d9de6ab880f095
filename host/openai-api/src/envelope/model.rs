//! The member `model` of a body in any dialect.

use std::borrow::Cow;

use crate::scan;

/// The body with its outermost member `model` replaced and every other byte as it was.
///
/// `None` if there is not exactly one such member: a body that names its model elsewhere cannot
/// be passed on so, and of two members readers differ on which one counts. `body` is valid JSON.
#[must_use]
pub fn with_model<'a>(body: &'a [u8], model: &str) -> Option<Cow<'a, [u8]>> {
    let mut found = None;
    for member in scan::members(body) {
        let member = member.ok()?;
        if &*member.name == b"model" && found.replace(member.value).is_some() {
            return None;
        }
    }
    let value = found?;
    let text = serde_json::to_string(model).ok()?;
    if value == text.as_bytes() {
        return Some(Cow::Borrowed(body));
    }
    let start = value.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    let (before, rest) = body.split_at_checked(start)?;
    let after = rest.get(value.len()..)?;
    Some(Cow::Owned([before, text.as_bytes(), after].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(body: &str) -> Option<String> {
        let body = with_model(body.as_bytes(), "there\"1")?;
        Some(String::from_utf8(body.into_owned()).unwrap())
    }

    #[test]
    fn only_the_model_changes() {
        let body = "{ \"a\": 1.0,\n \"model\" : \"here\" , \"x\": {\"model\": 1}}";
        let expected = "{ \"a\": 1.0,\n \"model\" : \"there\\\"1\" , \"x\": {\"model\": 1}}";
        assert_eq!(replaced(body).as_deref(), Some(expected));
        let same = br#"{"model":"m"}"#;
        assert!(matches!(with_model(same, "m"), Some(Cow::Borrowed(_))));
    }

    #[test]
    fn a_body_without_exactly_one_model_is_not_passed_on() {
        for body in
            [r#"{"a":1}"#, r#"{"model":"a","model":"b"}"#, r#"{"model":"a","mod\u0065l":"b"}"#]
        {
            assert_eq!(replaced(body), None, "{body}");
        }
    }
}
