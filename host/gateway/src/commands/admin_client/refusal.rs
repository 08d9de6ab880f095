//! What a gateway says when it does not do what was asked.

use http::StatusCode;
use serde_json::Value;
use thiserror::Error;

use crate::terminal::harmless;

/// A refusal: one line, and a line for each problem of the document that was sent.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub(crate) struct Refusal {
    status: Option<StatusCode>,
    message: String,
    problems: Vec<String>,
}

impl Refusal {
    /// `path: message; fix`, to be printed before the message.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The answer's status; none if what answered is no gateway.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.status
    }
}

/// Reads an answer that is no success.
pub(super) fn read(status: StatusCode, body: &[u8], address: &str) -> Refusal {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let error = body.as_ref().and_then(|it| it.get("error"));
    let message = error.and_then(|it| it.get("message")?.as_str());
    let (Some(error), Some(message)) = (error, message) else {
        return unknown(status, address);
    };
    let problems = error.get("problems").and_then(Value::as_array);
    // One that the message itself tells is not told twice.
    let problems = problems.into_iter().flatten().filter(|it| !message.starts_with(&told(it)));
    let problems: Vec<_> = problems.map(line).collect();
    let message = with_advice(status, message, !problems.is_empty());
    Refusal { status: Some(status), message, problems }
}

/// Somebody answered, but not as a gateway does.
pub(super) fn no_gateway(address: &str) -> Refusal {
    let message =
        format!("what answers at {address} is no gateway's admin API; check PATCHBAY_URL");
    Refusal { status: None, message, problems: Vec::new() }
}

fn unknown(status: StatusCode, address: &str) -> Refusal {
    let message = format!(
        "{address} answered {status}, and not as a gateway's admin API does; check PATCHBAY_URL"
    );
    Refusal { status: Some(status), message, problems: Vec::new() }
}

/// The gateway's words, and what they mean at a command line.
fn with_advice(status: StatusCode, message: &str, has_problems: bool) -> String {
    let message = harmless(message);
    if has_problems {
        let said = message.strip_suffix("; see error.problems").unwrap_or(&message);
        return format!("{said}; mend what is listed above");
    }
    if message.contains("; ") {
        return message;
    }
    let advice = match status {
        StatusCode::UNAUTHORIZED => {
            "set PATCHBAY_ADMIN_TOKEN to what `patchbay token --role admin` prints"
        }
        StatusCode::FORBIDDEN => "use a token of `patchbay token --role admin`",
        _ => return message,
    };
    format!("{message}; {advice}")
}

/// A problem without its member.
fn told(problem: &Value) -> String {
    format!("{}; {}", member(problem, "message"), member(problem, "fix"))
}

fn member<'v>(problem: &'v Value, name: &str) -> &'v str {
    problem.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn line(problem: &Value) -> String {
    let [path, message, fix] = ["path", "message", "fix"].map(|name| member(problem, name));
    let mut line = String::new();
    if !path.is_empty() {
        line = format!("{path}: ");
    }
    line.push_str(message);
    if !fix.is_empty() {
        line.push_str("; ");
        line.push_str(fix);
    }
    harmless(&line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, body: &Value) -> Refusal {
        read(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes(), "http://gw")
    }

    #[test]
    fn every_problem_is_a_line_and_the_message_is_the_last_one() {
        let body = json!({"error": {
            "message": "2 problems in the request; see error.problems",
            "problems": [
                {"path": "settings.region", "message": "is missing", "fix": "add it"},
                {"path": "", "message": "is no table"},
            ],
        }});
        let refusal = refused(400, &body);
        assert_eq!(refusal.to_string(), "2 problems in the request; mend what is listed above");
        assert_eq!(refusal.problems(), ["settings.region: is missing; add it", "is no table"]);
    }

    #[test]
    fn a_problem_that_is_the_message_is_said_once() {
        let said = "no signer has signed it; sign it";
        let problem = json!({"path": "", "message": "no signer has signed it", "fix": "sign it"});
        let refusal = refused(422, &json!({"error": {"message": said, "problems": [problem]}}));
        assert_eq!(refusal.to_string(), said);
        assert!(refusal.problems().is_empty());
    }

    #[test]
    fn a_refusal_says_what_to_do_at_a_command_line() {
        for (status, said, expected) in [
            (401, "the token has expired", "the token has expired; set PATCHBAY_ADMIN_TOKEN to"),
            (403, "needs the role admin", "needs the role admin; use a token of"),
            (409, "is in use; change that first", "is in use; change that first"),
            (500, "went\u{1b}[2Jwrong", "went\u{fffd}[2Jwrong"),
        ] {
            let found = refused(status, &json!({"error": {"message": said}})).to_string();
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn an_answer_of_somebody_else_is_named_as_such() {
        for body in ["", "<html>", "{}", "[]", "{\"error\":\"no\"}"] {
            let found = read(StatusCode::BAD_GATEWAY, body.as_bytes(), "http://gw").to_string();
            assert_eq!(
                found,
                "http://gw answered 502 Bad Gateway, and not as a gateway's admin API does; \
                 check PATCHBAY_URL"
            );
        }
    }
}
