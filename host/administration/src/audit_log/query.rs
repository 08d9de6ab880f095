//! What an operator wants to see of the audit log.

use time::{Duration, OffsetDateTime};

use super::entry::{AuditAction, AuditEntry};
use crate::page::PageRequest;
use crate::parameters::{Parameters, listed};
use crate::problem::AdminProblem;

/// Entries stand in the order of commits, which is that of their times unless the clock was set.
/// An entry is beyond a search if it is this far from the asked time.
const MAX_CLOCK_STEP: Duration = Duration::hours(1);

/// Digits of an entry's id.
const ID_DIGITS: usize = 20;

/// Which entries: those that meet every member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    actor: Option<String>,
    action: Option<AuditAction>,
    noun: Option<&'static str>,
    target: Option<String>,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
}

/// Which page of which entries, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    pub(super) filter: AuditFilter,
    pub(super) page: PageRequest,
}

impl AuditQuery {
    /// Reads the query of `GET /admin/audit`, decoded: the filters and `limit`, `cursor`.
    ///
    /// # Errors
    /// [`AdminProblem::BadRequest`] that names the parameter and what there is.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, AdminProblem> {
        let known =
            ["actor", "action", "noun", "id", "since", "until", "limit", "cursor"].as_slice();
        let parameters = Parameters::try_new(pairs, known)?;
        let page = PageRequest::try_new(parameters.text("limit"), parameters.text("cursor"))?;
        if page.cursor.as_deref().is_some_and(|key| !is_entry_id(key)) {
            let text = "cursor is none of this list; use next_cursor of the page before as it is";
            return Err(AdminProblem::BadRequest(text.to_owned()));
        }
        Ok(Self { filter: AuditFilter::read(&parameters)?, page })
    }
}

impl AuditFilter {
    /// The nouns of actions.
    pub const NOUNS: [&str; 6] = ["provider", "api-key", "route", "master-key", "store", "plugin"];

    /// Reads the query of `GET /admin/audit/export`, decoded: `actor`, `action`, `noun`, `id`
    /// exactly, `since` (included) and `until` (not included) in RFC 3339.
    ///
    /// # Errors
    /// [`AdminProblem::BadRequest`] that names the parameter and what there is.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, AdminProblem> {
        let known = ["actor", "action", "noun", "id", "since", "until"];
        Self::read(&Parameters::try_new(pairs, &known)?)
    }

    /// Everything before a time.
    pub(super) fn before(until: OffsetDateTime) -> Self {
        Self { until: Some(until), ..Self::default() }
    }

    fn read(parameters: &Parameters<'_>) -> Result<Self, AdminProblem> {
        let actions = AuditAction::ALL.map(AuditAction::as_str);
        let action = one_of(parameters, "action", &actions)?;
        let filter = Self {
            actor: parameters.text("actor").map(str::to_owned),
            action: AuditAction::ALL.into_iter().find(|known| Some(known.as_str()) == action),
            noun: one_of(parameters, "noun", &Self::NOUNS)?,
            target: parameters.text("id").map(str::to_owned),
            since: parameters.time("since")?,
            until: parameters.time("until")?,
        };
        if let (Some(since), Some(until)) = (filter.since, filter.until)
            && since >= until
        {
            let text = "since is not before until; exchange them or widen the span";
            return Err(AdminProblem::BadRequest(text.to_owned()));
        }
        Ok(filter)
    }

    /// Whether an entry is asked for. One whose time cannot be read is, at every time: rather too
    /// much in an audit than too little.
    pub(super) fn admits(&self, entry: &AuditEntry) -> bool {
        let at = entry.time();
        let after = |bound: OffsetDateTime| at.is_none_or(|at| at >= bound);
        let before = |bound: OffsetDateTime| at.is_none_or(|at| at < bound);
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.is_none_or(|action| action == entry.action)
            && self.noun.is_none_or(|noun| noun == entry.noun)
            && self.target.as_ref().is_none_or(|target| *target == entry.target)
            && self.since.is_none_or(after)
            && self.until.is_none_or(before)
    }

    /// Whether an entry stands beyond what is asked for, in this direction. One alone may be so
    /// because the clock was wrong.
    pub(super) fn is_passed_by(&self, entry: &AuditEntry, newest_first: bool) -> bool {
        let Some(at) = entry.time() else { return false };
        if newest_first {
            self.since.is_some_and(|since| since - at > MAX_CLOCK_STEP)
        } else {
            self.until.is_some_and(|until| at - until > MAX_CLOCK_STEP)
        }
    }
}

/// The known name that a parameter says.
fn one_of<'k>(
    parameters: &Parameters<'_>,
    name: &str,
    known: &[&'k str],
) -> Result<Option<&'k str>, AdminProblem> {
    let Some(text) = parameters.text(name) else { return Ok(None) };
    known.iter().find(|known| **known == text).copied().map(Some).ok_or_else(|| {
        let text = format!("there is no {name} {text:?} in the audit log; use {}", listed(known));
        AdminProblem::BadRequest(text)
    })
}

fn is_entry_id(key: &str) -> bool {
    key.len() == ID_DIGITS && key.bytes().all(|byte| byte.is_ascii_digit())
}
