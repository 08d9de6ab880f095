//! What an operator grants one plugin beyond what every plugin may do.

/// The operator's grant to one plugin. The default grants nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Whether an instance may serve more than one exchange.
    pub isolation: Isolation,
    /// What happens to a plugin that imports sockets.
    pub sockets: SocketImports,
}

/// How exchanges are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// One instance for one exchange. Nothing can leak from one to the next.
    #[default]
    Fresh,
    /// An instance serves exchanges one after the other until it is retired. For plugins whose
    /// instances are dear to make; the operator trusts the plugin to keep exchanges apart.
    Reuse,
}

/// What happens to a plugin that imports `wasi:sockets`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketImports {
    /// It is not loaded.
    #[default]
    Refused,
    /// It is loaded, and every use of a socket fails: for toolchains that import sockets whether
    /// or not the plugin uses them.
    Inert,
}

impl Isolation {
    /// Its name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Reuse => "reuse",
        }
    }
}

impl SocketImports {
    /// Its name for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Inert => "inert",
        }
    }
}
