//! What operators send about plugins: documents of actions, and what comes with a component.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use resources::{Problems, did_you_mean, member_path};
use serde_json::{Map, Value};

use super::views::{AutoRuleView, CanaryPlanView, RolloutView};
use super::{PluginAction, PluginUpload};
use crate::parameters::Parameters;
use crate::problem::AdminProblem;

/// What a digest is written like.
const DIGEST: &str = "write sha256: and the 64 hexadecimal digits, as GET /admin/plugins shows it";

/// Bounds of a share.
const SHARE: (u64, u64) = (1, 1000);
/// Bounds of the calls after which a canary is judged.
const CALLS: (u64, u64) = (1, 1_000_000_000);
/// Bounds of what it may be worse.
const WORSE: (u64, u64) = (0, 1000);

impl PluginUpload {
    /// The parameters of the query that [`PluginUpload::read`] knows.
    pub const PARAMETERS: [&str; 4] =
        ["rollout", "share_permille", "auto_calls", "auto_worse_permille"];

    /// Reads what comes with a component: the signature's file in base64, and the query, decoded.
    ///
    /// # Errors
    /// If one of them is malformed.
    pub fn read(
        component: Vec<u8>,
        signature: Option<&[u8]>,
        query: &[(String, String)],
    ) -> Result<Self, AdminProblem> {
        let signature = signature.map(|text| STANDARD.decode(text.trim_ascii())).transpose();
        let signature = signature.map_err(|_| {
            let text = "the x-patchbay-signature header is no base64; send the .minisig file in it, \
                        encoded on one line";
            AdminProblem::BadRequest(text.to_owned())
        })?;
        Ok(Self { component, signature, rollout: rollout_of(query)? })
    }
}

/// The query says it with texts, so it is made a document first.
fn rollout_of(query: &[(String, String)]) -> Result<Option<RolloutView>, AdminProblem> {
    let parameters = Parameters::try_new(query, &PluginUpload::PARAMETERS)?;
    if query.is_empty() {
        return Ok(None);
    }
    let number = |name: &str| {
        let text = parameters.text(name)?;
        Some(text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from))
    };
    let mut auto = Map::new();
    auto.extend(number("auto_calls").map(|it| ("calls".to_owned(), it)));
    auto.extend(number("auto_worse_permille").map(|it| ("worse_permille".to_owned(), it)));
    let mut document = Map::new();
    document.extend(parameters.text("rollout").map(|it| ("kind".to_owned(), Value::from(it))));
    document.extend(number("share_permille").map(|it| ("share_permille".to_owned(), it)));
    if !auto.is_empty() {
        document.insert("auto".to_owned(), auto.into());
    }
    let mut reading = Reading::begin(Value::Object(document));
    let rollout = reading.rollout();
    reading.end(&["kind", "share_permille", "auto"]).map(|()| Some(rollout))
}

impl PluginAction {
    /// `{"digest": "sha256:…"}`
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn approve(document: Value) -> Result<Self, AdminProblem> {
        let mut reading = Reading::begin(document);
        let digest = reading.digest();
        reading.require("digest", digest.is_some(), DIGEST);
        reading.end(&["digest"])?;
        Ok(Self::Approve { digest: digest.unwrap_or_default() })
    }

    /// `{"digest": "sha256:…"}`; without it to the version before.
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn roll_back(document: Value) -> Result<Self, AdminProblem> {
        let mut reading = Reading::begin(document);
        let to = reading.digest();
        reading.end(&["digest"])?;
        Ok(Self::RollBack { to })
    }

    /// `{"digest": "sha256:…", "share_permille": 50, "auto": {"calls": 1000, "worse_permille": 5}}`
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn canary(document: Value) -> Result<Self, AdminProblem> {
        let mut reading = Reading::begin(document);
        let digest = reading.digest();
        reading.require("digest", digest.is_some(), DIGEST);
        let plan = reading.plan();
        reading.end(&["digest", "share_permille", "auto"])?;
        Ok(Self::Canary { digest: digest.unwrap_or_default(), plan })
    }

    /// `{"kind": "immediate"}`, or `{"kind": "canary", "share_permille": 50}`.
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn rollout(document: Value) -> Result<Self, AdminProblem> {
        let mut reading = Reading::begin(document);
        let rollout = reading.rollout();
        reading.end(&["kind", "share_permille", "auto"]).map(|()| Self::Rollout(rollout))
    }
}

/// A document that is being read.
struct Reading {
    members: Map<String, Value>,
    problems: Problems,
}

impl Reading {
    fn begin(document: Value) -> Self {
        let mut problems = Problems::default();
        let members = match document {
            Value::Object(members) => members,
            _ => {
                problems.report("", "must be an object", "write { … }");
                Map::new()
            }
        };
        Self { members, problems }
    }

    fn end(mut self, known: &[&str]) -> Result<(), AdminProblem> {
        unknown("", &self.members, known, &mut self.problems);
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(AdminProblem::Invalid(self.problems.into_vec()))
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member that has to be there; one that is there and wrong is reported where it is read.
    fn require(&mut self, name: &str, read: bool, fix: &str) {
        if !read && self.member(name).is_none() {
            self.problems.report(name, "is missing", fix);
        }
    }

    fn digest(&mut self) -> Option<String> {
        let value = self.member("digest")?;
        let text = value.as_str().unwrap_or_default();
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if digits.len() == 64 && digits.bytes().all(is_digit) {
            return Some(digits.to_owned());
        }
        self.problems.report("digest", "is no digest of a version", DIGEST);
        None
    }

    fn rollout(&mut self) -> RolloutView {
        let fix = "write immediate or canary";
        match self.member("kind").map(Value::as_str) {
            Some(Some("canary")) => return RolloutView::canary(self.plan()),
            Some(Some("immediate")) => {
                for name in ["share_permille", "auto"] {
                    if self.member(name).is_some() {
                        let fix = "leave it out, or make the kind canary";
                        self.problems.report(name, "is of a canary only", fix);
                    }
                }
            }
            Some(_) => self.problems.report("kind", "is no way to start", fix),
            None => self.problems.report("kind", "is missing", fix),
        }
        RolloutView::IMMEDIATE
    }

    fn plan(&mut self) -> CanaryPlanView {
        let share = number("", &self.members, ("share_permille", SHARE), &mut self.problems);
        CanaryPlanView {
            share_permille: u16::try_from(share).unwrap_or_default(),
            auto: self.auto(),
        }
    }

    fn auto(&mut self) -> Option<AutoRuleView> {
        let auto = self.member("auto")?.clone();
        let Value::Object(members) = auto else {
            let fix = "write { \"calls\": 1000, \"worse_permille\": 5 }";
            self.problems.report("auto", "must be an object", fix);
            return None;
        };
        unknown("auto", &members, &["calls", "worse_permille"], &mut self.problems);
        let calls = number("auto", &members, ("calls", CALLS), &mut self.problems);
        let worse = number("auto", &members, ("worse_permille", WORSE), &mut self.problems);
        Some(AutoRuleView { calls, worse_permille: worse })
    }
}

fn unknown(table: &str, members: &Map<String, Value>, known: &[&str], problems: &mut Problems) {
    for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
        let fix = did_you_mean(name, known.iter().copied());
        problems.report(member_path(table, name), "unknown member", fix);
    }
}

/// A whole number that has to be there, within its bounds; the least one if it is reported.
fn number(
    table: &str,
    members: &Map<String, Value>,
    (name, (least, most)): (&str, (u64, u64)),
    problems: &mut Problems,
) -> u64 {
    let value = members.get(name).filter(|value| !value.is_null());
    let found = value.and_then(Value::as_u64).filter(|it| (least..=most).contains(it));
    found.unwrap_or_else(|| {
        let what = if value.is_some() { "is out of bounds" } else { "is missing" };
        let fix = format!("write a whole number from {least} to {most}");
        problems.report(member_path(table, name), what, fix);
        least
    })
}
