//! One page of a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::AdminProblem;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most elements, 1 to 200.
    pub limit: usize,
    /// The key of the last element of the page before, decoded; the first page if absent.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// Most elements of a page.
    pub const MAX_LIMIT: usize = 200;

    /// Elements of a page where the operator says nothing.
    pub const DEFAULT_LIMIT: usize = 50;

    /// Longest cursor, in characters: that of the longest model name, encoded.
    pub const MAX_CURSOR_CHARS: usize = 512;

    /// Reads the query parameters `limit` and `cursor`.
    ///
    /// # Errors
    /// If one of them is not what a page can be asked with.
    pub fn try_new(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, AdminProblem> {
        let limit = match limit {
            None => Self::DEFAULT_LIMIT,
            Some(text) => {
                let number =
                    text.parse().ok().filter(|number| (1..=Self::MAX_LIMIT).contains(number));
                number.ok_or_else(|| {
                    let most = Self::MAX_LIMIT;
                    let text = format!("limit must be a whole number; use 1 to {most}");
                    AdminProblem::BadRequest(text)
                })?
            }
        };
        let cursor = cursor.map(decode_cursor).transpose()?;
        Ok(Self { limit, cursor })
    }
}

/// What stands for "after this key" in a reply. Operators send it back as it is.
pub(crate) fn encode_cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn decode_cursor(cursor: &str) -> Result<String, AdminProblem> {
    let bytes =
        (cursor.len() <= PageRequest::MAX_CURSOR_CHARS).then(|| URL_SAFE_NO_PAD.decode(cursor));
    let key = bytes.and_then(Result::ok).and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        let text = "cursor is none of this list; use next_cursor of the page before as it is";
        AdminProblem::BadRequest(text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_200_elements_and_50_if_nothing_is_said() {
        for (text, limit) in [(None, 50), (Some("1"), 1), (Some("200"), 200)] {
            assert_eq!(PageRequest::try_new(text, None).unwrap().limit, limit);
        }
        for text in ["0", "201", "-1", "", "ten", "1.5", "99999999999999999999999"] {
            let problem = PageRequest::try_new(Some(text), None).unwrap_err();
            assert!(problem.to_string().starts_with("limit must be"), "{text}");
        }
    }

    #[test]
    fn a_cursor_comes_back_as_the_key_it_stands_for() {
        for key in ["main", "org/model:7b", "00000000000000000007", &"m".repeat(256)] {
            let cursor = encode_cursor(key);
            let page = PageRequest::try_new(None, Some(&cursor)).unwrap();
            assert_eq!(page.cursor.as_deref(), Some(key));
        }
        for cursor in ["", "?", "a b", "_w", &"A".repeat(1000)] {
            let problem = PageRequest::try_new(None, Some(cursor)).unwrap_err();
            assert!(problem.to_string().starts_with("cursor is none"), "{cursor}");
        }
    }
}
