//! The notation.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where a value is to be taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `${env:NAME}`: an environment variable of the gateway.
    Environment(String),
    /// `${file:PATH}`: a file, without one newline at its end.
    File(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "${{env:{}}}", name.escape_debug()),
            Self::File(path) => write!(f, "${{file:{}}}", path.escape_debug()),
        }
    }
}

/// A text with references in it. Its literal parts may be secret, so `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Reference(Reference),
}

/// Why a text is no template. The text is not quoted: it may be a secret.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TemplateProblem {
    /// `${` without `}`.
    #[error("\"${{\" is not closed; add \"}}\", or write \"$${{\" for a literal \"${{\"")]
    Unclosed,
    /// Neither `env` nor `file`.
    #[error(
        "\"${{\" starts no reference; write \"${{env:NAME}}\" or \"${{file:PATH}}\", or \"$${{\" for a literal \"${{\""
    )]
    UnknownSource,
    /// `${env:}`, or a name that no variable or file can have.
    #[error("a reference names nothing; write \"${{env:NAME}}\" or \"${{file:PATH}}\"")]
    BadName,
}

impl Template {
    /// The references, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Reference(reference) => Some(reference),
        })
    }
}

impl FromStr for Template {
    type Err = TemplateProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                rest = &from[2..];
                continue;
            }
            literal.push_str(before);
            let (inner, after) = from[2..].split_once('}').ok_or(TemplateProblem::Unclosed)?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Reference(inner.parse()?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }
}

impl FromStr for Reference {
    type Err = TemplateProblem;

    /// Reads what stands between the braces.
    fn from_str(inner: &str) -> Result<Self, Self::Err> {
        let (source, name) = inner.split_once(':').ok_or(TemplateProblem::UnknownSource)?;
        let reference: fn(String) -> Self = match source {
            "env" => Self::Environment,
            "file" => Self::File,
            _ => return Err(TemplateProblem::UnknownSource),
        };
        let impossible =
            name.is_empty() || name.contains('\0') || (source == "env" && name.contains('='));
        if impossible {
            return Err(TemplateProblem::BadName);
        }
        Ok(reference(name.to_owned()))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(")?;
        for piece in &self.pieces {
            match piece {
                Piece::Literal(_) => f.write_str("…")?,
                Piece::Reference(reference) => write!(f, "{reference}")?,
            }
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_references_and_hides_what_stands_between() {
        for (text, shown) in [
            ("", "Template()"),
            ("sk-secret", "Template(…)"),
            ("${env:A}", "Template(${env:A})"),
            ("Bearer ${file:/run/a b}!", "Template(…${file:/run/a b}…)"),
            ("${env:A}${env:B}", "Template(${env:A}${env:B})"),
            ("$${env:A}", "Template(…)"),
            ("$", "Template(…)"),
        ] {
            assert_eq!(format!("{:?}", text.parse::<Template>().unwrap()), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_without_being_quoted() {
        for (text, expected) in [
            ("${env:A", TemplateProblem::Unclosed),
            ("pa${ss}word", TemplateProblem::UnknownSource),
            ("${HOME}", TemplateProblem::UnknownSource),
            ("${vault:x}", TemplateProblem::UnknownSource),
            ("${env:}", TemplateProblem::BadName),
            ("${env:A=B}", TemplateProblem::BadName),
            ("${file:\0}", TemplateProblem::BadName),
        ] {
            let problem = text.parse::<Template>().unwrap_err();
            assert_eq!(problem, expected, "{text}");
            assert!(!problem.to_string().contains("word"));
        }
    }
}
