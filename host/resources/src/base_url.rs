//! Where a provider is.

use std::str::FromStr;

use thiserror::Error;
use url::Url;

/// Scheme, host, port and path, without trailing slash but for the root's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is no base URL. The text is not quoted: it may hold a password.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BaseUrlProblem {
    /// Not a URL at all.
    #[error("is not a URL ({0}); write it like \"https://api.example.com/v1\"")]
    NotUrl(#[from] url::ParseError),
    /// Neither `http` nor `https`.
    #[error("has a scheme other than http and https; write it like \"https://api.example.com/v1\"")]
    Scheme,
    /// No host.
    #[error("names no host; write it like \"https://api.example.com/v1\"")]
    Host,
    /// `user:password@`.
    #[error("holds a user name or password; put it into credentials")]
    Credentials,
    /// `?` or `#`.
    #[error("holds a query or fragment; end it with the path")]
    Query,
}

impl BaseUrl {
    /// The URL.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlProblem::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(BaseUrlProblem::Host);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlProblem::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlProblem::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailing_slash_makes_no_difference() {
        for (text, expected) in [
            ("https://api.example.com", "https://api.example.com/"),
            ("https://api.example.com/", "https://api.example.com/"),
            ("http://127.0.0.1:11434/v1//", "http://127.0.0.1:11434/v1"),
            ("http://[::1]:80/a/b/", "http://[::1]/a/b"),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!(url.as_url().as_str(), expected);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_being_quoted() {
        for (text, expected) in [
            ("ftp://a/pw", BaseUrlProblem::Scheme),
            ("https://me:pw@a/", BaseUrlProblem::Credentials),
            ("https://pw@a/", BaseUrlProblem::Credentials),
            ("https://a/?key=pw", BaseUrlProblem::Query),
            ("https://a/#pw", BaseUrlProblem::Query),
            ("pw", BaseUrlProblem::NotUrl(url::ParseError::RelativeUrlWithoutBase)),
        ] {
            let problem = text.parse::<BaseUrl>().unwrap_err();
            assert_eq!(problem, expected, "{text}");
            assert!(!problem.to_string().contains("pw"));
        }
    }
}
