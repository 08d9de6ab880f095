//! What a token claims, judged (RFC 7519 section 4.1).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Number, Value};
use time::OffsetDateTime;

use super::refusal::Refusal;
use crate::operator::{Operator, Role};

/// Longest `sub`, in characters.
const MAX_SUBJECT_CHARS: usize = 200;

/// What claims have to be like.
#[derive(Clone, Debug)]
pub(super) struct ClaimRules {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) leeway: Duration,
}

/// Claims under a valid signature. Members are values so that each can be named where it is wrong.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
    sub: Option<Value>,
    role: Option<Value>,
}

impl Claims {
    /// Whom they stand for, if every rule is met.
    pub(super) fn operator(
        &self,
        rules: &ClaimRules,
        now: OffsetDateTime,
    ) -> Result<Operator, Refusal> {
        self.check_times(rules.leeway, now)?;
        self.check_issuer(rules.issuer.as_deref())?;
        self.check_audience(rules.audience.as_deref())?;
        Ok(Operator { subject: self.subject()?, role: self.role()? })
    }

    /// `exp` has to be there and to come; `nbf` and `iat`, if there, have to be past.
    fn check_times(&self, leeway: Duration, now: OffsetDateTime) -> Result<(), Refusal> {
        let now = seconds_of(now);
        let leeway = leeway.as_secs_f64();
        let exp = instant("exp", self.exp.as_ref())?.ok_or(Refusal::Missing("exp"))?;
        if exp + leeway <= now {
            return Err(Refusal::Expired);
        }
        if instant("nbf", self.nbf.as_ref())?.is_some_and(|nbf| nbf - leeway > now) {
            return Err(Refusal::NotYet);
        }
        if instant("iat", self.iat.as_ref())?.is_some_and(|iat| iat - leeway > now) {
            return Err(Refusal::IssuedLater);
        }
        Ok(())
    }

    fn check_issuer(&self, expected: Option<&str>) -> Result<(), Refusal> {
        let Some(expected) = expected else { return Ok(()) };
        match &self.iss {
            None => Err(Refusal::Missing("iss")),
            Some(Value::String(issuer)) if issuer == expected => Ok(()),
            Some(Value::String(_)) => Err(Refusal::Issuer),
            Some(_) => Err(Refusal::BadClaim("iss")),
        }
    }

    /// A token for somebody is for nobody else (RFC 7519 section 4.1.3), also where no audience
    /// is configured.
    fn check_audience(&self, expected: Option<&str>) -> Result<(), Refusal> {
        match (&self.aud, expected) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Refusal::Missing("aud")),
            (Some(Value::String(audience)), Some(expected)) if audience == expected => Ok(()),
            (Some(Value::Array(all)), Some(expected)) if all.iter().any(|one| one == expected) => {
                Ok(())
            }
            (Some(Value::String(_) | Value::Array(_)), _) => Err(Refusal::Audience),
            (Some(_), _) => Err(Refusal::BadClaim("aud")),
        }
    }

    fn subject(&self) -> Result<String, Refusal> {
        match &self.sub {
            None => Err(Refusal::Missing("sub")),
            Some(Value::String(subject)) if is_readable(subject) => Ok(subject.clone()),
            Some(_) => Err(Refusal::BadClaim("sub")),
        }
    }

    fn role(&self) -> Result<Role, Refusal> {
        match &self.role {
            None => Err(Refusal::Missing("role")),
            Some(Value::String(role)) if role == "admin" => Ok(Role::Admin),
            Some(Value::String(role)) if role == "viewer" => Ok(Role::Viewer),
            Some(Value::String(_)) => Err(Refusal::Role),
            Some(_) => Err(Refusal::BadClaim("role")),
        }
    }
}

/// A `NumericDate`: seconds since 1970, maybe with a fraction.
fn instant(name: &'static str, claim: Option<&Value>) -> Result<Option<f64>, Refusal> {
    let Some(claim) = claim else { return Ok(None) };
    let seconds = claim.as_number().and_then(Number::as_f64);
    seconds.filter(|seconds| *seconds >= 0.0).map(Some).ok_or(Refusal::BadClaim(name))
}

/// Fractions of a millisecond do not matter here, and 53 bits of seconds last.
fn seconds_of(time: OffsetDateTime) -> f64 {
    time.unix_timestamp() as f64 + f64::from(time.millisecond()) / 1000.0
}

/// 1 to 200 characters that a reader of the audit log sees as what they are: none that controls
/// a terminal, is invisible, or turns the direction of writing.
pub(super) fn is_readable(text: &str) -> bool {
    let readable = |c: char| {
        let invisible = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}');
        c == ' ' || !(c.is_control() || c.is_whitespace() || invisible)
    };
    (1..=MAX_SUBJECT_CHARS).contains(&text.chars().count()) && text.chars().all(readable)
}
