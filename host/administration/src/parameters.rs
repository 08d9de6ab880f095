//! Query parameters: known ones, once each.

use std::ops::RangeInclusive;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::problem::AdminProblem;

/// Years that can be reckoned with: a day more or less does not leave what can be written.
const YEARS: RangeInclusive<i32> = 1970..=9000;

/// The parameters of a query, each at most once, all of them known.
pub(crate) struct Parameters<'a> {
    pairs: &'a [(String, String)],
}

impl<'a> Parameters<'a> {
    /// Takes decoded pairs in the order of the query.
    ///
    /// # Errors
    /// If one is not `known`, or stands twice.
    pub(crate) fn try_new(
        pairs: &'a [(String, String)],
        known: &[&str],
    ) -> Result<Self, AdminProblem> {
        for (position, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let text =
                    format!("there is no query parameter {name:?} here; use {}", listed(known));
                return Err(AdminProblem::BadRequest(text));
            }
            if pairs.iter().take(position).any(|(earlier, _)| earlier == name) {
                let text = format!("the query parameter {name} stands twice; say it once");
                return Err(AdminProblem::BadRequest(text));
            }
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is a time, in RFC 3339.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn time(&self, name: &str) -> Result<Option<OffsetDateTime>, AdminProblem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let time = OffsetDateTime::parse(text, &Rfc3339).ok();
        time.filter(|time| YEARS.contains(&time.year())).map(Some).ok_or_else(|| {
            let text = format!("{name} is no time; write it as 2026-01-31T09:30:00Z (RFC 3339)");
            AdminProblem::BadRequest(text)
        })
    }
}

/// `a, b, c`
pub(crate) fn listed(names: &[&str]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_parameter_is_known_and_stands_once() {
        let table = [
            (pairs(&[("form", "1")]), "there is no query parameter \"form\" here; use from, to"),
            (pairs(&[("", "1")]), "there is no query parameter \"\" here; use from, to"),
            (
                pairs(&[("to", "1"), ("to", "1")]),
                "the query parameter to stands twice; say it once",
            ),
        ];
        for (pairs, message) in table {
            let problem = Parameters::try_new(&pairs, &["from", "to"]).err().unwrap();
            assert_eq!(problem.to_string(), message);
        }
        let good = pairs(&[("to", "x")]);
        let good = Parameters::try_new(&good, &["from", "to"]).unwrap();
        assert_eq!((good.text("to"), good.text("from")), (Some("x"), None));
    }

    #[test]
    fn a_time_is_rfc_3339() {
        let far = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "1969-12-31T00:00:00Z"];
        let bad = ["", "now", "2026-01-31", "2026-01-31T09:30:00", "2026-02-30T00:00:00Z", "0"];
        for text in bad.into_iter().chain(far) {
            let pairs = pairs(&[("from", text)]);
            let problem = Parameters::try_new(&pairs, &["from"]).unwrap().time("from").unwrap_err();
            assert!(problem.to_string().starts_with("from is no time; "), "{text}");
        }
        let pairs = pairs(&[("from", "2026-01-31T09:30:00+01:00")]);
        let time = Parameters::try_new(&pairs, &["from"]).unwrap().time("from").unwrap().unwrap();
        assert_eq!(time, time::macros::datetime!(2026-01-31 08:30 UTC));
    }
}
