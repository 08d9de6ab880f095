//! The shape of what is kept.

/// Number of a commit: the first one is 1.
pub type Revision = u64;

/// What a record is about. The set is closed; the name is part of the key on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Providers, by id.
    Provider,
    /// API keys, by id.
    ApiKey,
    /// Routes, by model name.
    Route,
    /// What operators did, by revision.
    Audit,
    /// Counted use, by hour and what was counted.
    Usage,
    /// When each API key was last used, by its id.
    KeyUse,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Provider, Self::ApiKey, Self::Route, Self::Audit, Self::Usage, Self::KeyUse];

    /// Its name on disk and in backups.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::ApiKey => "api-key",
            Self::Route => "route",
            Self::Audit => "audit",
            Self::Usage => "usage",
            Self::KeyUse => "key-use",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key among its kind: 1 to 512 bytes, without NUL.
    pub key: String,
    /// The commit that wrote it.
    pub revision: Revision,
    /// JSON.
    pub body: Vec<u8>,
}

/// A record that cannot be read. It stays where it is, so that it can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What it was about.
    pub kind: Kind,
    /// Its key, as far as that can be read.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

/// Everything of a kind.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// In the order of keys.
    pub records: Vec<Record>,
    /// What is missing from them.
    pub damaged: Vec<Damage>,
}

/// Which records.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// Only keys after this one (before it, against the order); from the beginning if absent.
    pub after: Option<String>,
    /// Most records, at least 1 and at most [`MAX_PAGE_RECORDS`](crate::MAX_PAGE_RECORDS); what is
    /// beyond counts as the nearest of them.
    pub limit: usize,
    /// Latest key first.
    pub descending: bool,
}

/// Some records.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most as many as were asked for; damaged ones are left out.
    pub records: Vec<Record>,
    /// Whether there are more after them.
    pub more: bool,
}
