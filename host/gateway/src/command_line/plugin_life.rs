//! `patchbay plugin …`, for operators.

use std::str::FromStr;

use clap::{Args, Subcommand};

use super::gateway::{GatewayChoice, Pinned};
use super::values::ValueProblem;

/// Commands on the plugins of a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginLifeCommand {
    /// List the plugins of a running gateway
    List(GatewayChoice),
    /// Show a plugin: its generations and what they do, its versions, what waits
    Show {
        /// The plugin's name
        name: String,
        #[command(flatten)]
        gateway: GatewayChoice,
    },
    /// Approve what a version asks for, or take it out of quarantine
    Approve {
        /// The plugin's name
        name: String,
        /// The version, or the beginning of its digest; default: the one that waits
        version: Option<String>,
        #[command(flatten)]
        pinned: Pinned,
    },
    /// Let the serving version stay whatever comes
    Pin(PluginChoice),
    /// Let new versions serve again
    Unpin(PluginChoice),
    /// Go back: from a canary to the old version, else to an earlier one
    Rollback {
        /// The plugin's name
        name: String,
        /// The version, or the beginning of its digest; default: the one before
        version: Option<String>,
        #[command(flatten)]
        pinned: Pinned,
    },
    /// Give a kept version a share of the exchanges, beside the one that serves
    Canary {
        /// The plugin's name
        name: String,
        /// The version, or the beginning of its digest
        version: String,
        /// Its share, like 5%
        #[arg(long)]
        share: Share,
        #[command(flatten)]
        rule: Rule,
        #[command(flatten)]
        pinned: Pinned,
    },
    /// Let the canary serve all exchanges
    Promote(PluginChoice),
    /// Say how new versions of a plugin start
    Rollout {
        /// The plugin's name
        name: String,
        /// `immediate`, or a share that they take first, like 5%
        #[arg(value_name = "immediate|SHARE")]
        start: Start,
        #[command(flatten)]
        rule: Rule,
        #[command(flatten)]
        pinned: Pinned,
    },
    /// Remove a plugin: its file, its versions, what was approved
    Remove(PluginChoice),
}

/// One plugin, to be changed.
#[derive(Debug, Args)]
pub(crate) struct PluginChoice {
    /// The plugin's name
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) pinned: Pinned,
}

/// When a canary is promoted or rolled back by itself.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Rule {
    /// Promote the canary, or roll it back, by itself after so many of its calls
    #[arg(
        long,
        value_name = "CALLS",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000)
    )]
    pub(crate) promote_after: Option<u64>,
    /// How much its share of failed calls may be above the old one's, like 0.5%
    #[arg(long, value_name = "SHARE", requires = "promote_after", default_value = "0%")]
    pub(crate) tolerance: Share,
}

/// How new versions start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Immediate,
    Canary(Share),
}

/// A part of the whole, of a thousand: `5%`, `0.5%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(pub(crate) u16);

impl FromStr for Start {
    type Err = ValueProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "immediate" { Ok(Self::Immediate) } else { text.parse().map(Self::Canary) }
    }
}

impl FromStr for Share {
    type Err = ValueProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FIX: ValueProblem =
            ValueProblem("write a share from 0% to 100% with one decimal at most, like 5% or 0.5%");
        let number = text.strip_suffix('%').ok_or(FIX)?;
        let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(tenths) || tenths.len() != 1 || whole.len() > 3 {
            return Err(FIX);
        }
        let (whole, tenths): (u16, u16) =
            (whole.parse().map_err(|_| FIX)?, tenths.parse().map_err(|_| FIX)?);
        Some(whole * 10 + tenths).filter(|it| *it <= 1000).map(Self).ok_or(FIX)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, tenths) = (self.0 / 10, self.0 % 10);
        if tenths == 0 { write!(f, "{whole}%") } else { write!(f, "{whole}.{tenths}%") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_percent() {
        for (text, permille) in [("5%", 50), ("0.5%", 5), ("100%", 1000), ("12.5%", 125), ("0%", 0)]
        {
            let share: Share = text.parse().unwrap();
            assert_eq!((share.0, share.to_string().as_str()), (permille, text));
        }
        for text in
            ["", "%", "5", "0.05", "101%", "5.25%", "-1%", "+5%", "5 %", ".5%", "5.%", "9999%"]
        {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
