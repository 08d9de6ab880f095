//! The configuration file of one test.

use std::fmt::Write as _;
use std::path::Path;

/// Key of the caller `tests`, which may use every model.
pub const CALLER_KEY: &str = "pb-tests-7d1f0c5b2a9e4d3680b1c2d3e4f50617";

/// Key that the gateway shows to the upstream.
pub const UPSTREAM_KEY: &str = "sk-upstream-f00dfeed5ec2e7000aabbccddeeff0011";

/// Secret that operators' tokens are signed with.
const JWT_SECRET: &str = "tests-0b1d7c3e5f9a4286b3d5e7f90123456789abcdef";

/// What a gateway is started with. Has one caller, `tests`; the rest is added.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    server: String,
    tables: String,
}

/// One provider.
#[derive(Clone, Debug)]
pub struct Provider {
    lines: String,
    retries: u32,
}

impl Configuration {
    /// Adds a line to the section `[server]`.
    #[must_use]
    pub fn server(mut self, line: &str) -> Self {
        self.server.push_str(line);
        self.server.push('\n');
        self
    }

    /// Adds a provider.
    #[must_use]
    pub fn provider(mut self, provider: &Provider) -> Self {
        self.tables.push_str("\n[[providers]]\n");
        self.tables.push_str(&provider.lines);
        let retries = provider.retries;
        // Writing into a string cannot fail.
        let _ = writeln!(self.tables, "retries = {{ max = {retries}, base_ms = 1 }}");
        self
    }

    /// Adds a route whose candidates, `(provider, model)`, are tried in this order.
    #[must_use]
    pub fn route(self, model: &str, candidates: &[(&str, &str)]) -> Self {
        let candidates: Vec<String> = (0..)
            .zip(candidates)
            .map(|(order, (provider, there))| {
                format!("{{ provider = \"{provider}\", model = \"{there}\", order = {order} }}")
            })
            .collect();
        let candidates = candidates.join(", ");
        self.add(&format!("\n[[routes]]\nmodel = \"{model}\"\ncandidates = [ {candidates} ]\n"))
    }

    /// Adds a caller's key that may use some models only.
    #[must_use]
    pub fn key(self, id: &str, key: &str, models: &[&str]) -> Self {
        self.add(&format!("\n[[api_keys]]\nid = \"{id}\"\nkey = \"{key}\"\nmodels = {models:?}\n"))
    }

    /// Lets operators in: a store in the gateway's folder, and the admin API.
    #[must_use]
    pub fn operators(self) -> Self {
        self.operators_with("")
    }

    /// Lets operators in, with more lines in the section `[admin]`.
    #[must_use]
    pub fn operators_with(self, lines: &str) -> Self {
        self.add(&format!(
            "\n[store]\npath = \"data/store\"\n\n[admin]\njwt_secret = \"{JWT_SECRET}\"\n{lines}\n"
        ))
    }

    /// Installs plugins from a directory of the test's, signed or not.
    #[must_use]
    pub fn plugins_in(self, directory: &Path) -> Self {
        let directory = directory.display();
        self.add(&format!(
            "\n[plugins]\ndirectory = \"{directory}\"\ntrust = {{ unsigned = true }}\n"
        ))
    }

    /// Records the providers that say `record = true`, in the folder `recordings`, with more lines
    /// in the section.
    #[must_use]
    pub fn recording(self, lines: &str) -> Self {
        self.add(&format!("\n[recording]\ndirectory = \"recordings\"\n{lines}\n"))
    }

    /// Installs plugins in the gateway's folder, trusting whom it says: `{ unsigned = true }`.
    #[must_use]
    pub fn plugins(self, trust: &str) -> Self {
        self.add(&format!("\n[plugins]\ndirectory = \"data/plugins\"\ntrust = {trust}\n"))
    }

    fn add(mut self, table: &str) -> Self {
        self.tables.push_str(table);
        self
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n{}\n[log]\nformat = \"json\"\n{}\n\
             [[api_keys]]\nid = \"tests\"\nkey = \"{CALLER_KEY}\"\nmodels = [\"*\"]\n",
            self.server, self.tables
        )
    }
}

impl Provider {
    /// A provider that speaks OpenAI's API and wants [`UPSTREAM_KEY`].
    #[must_use]
    pub fn openai(id: &str, base_url: &str, models: &[&str]) -> Self {
        Self::of("openai-compatible", id, base_url).with(&format!("models = {models:?}"))
    }

    /// A provider that any adapter with a slot `api_key` reaches. Its models are to be added.
    #[must_use]
    pub fn of(adapter: &str, id: &str, base_url: &str) -> Self {
        let lines = format!("id = \"{id}\"\nadapter = \"{adapter}\"\n");
        Self { lines, retries: 0 }
            .with(&format!("base_url = \"{base_url}\""))
            .with(&format!("credentials = {{ api_key = \"{UPSTREAM_KEY}\" }}"))
    }

    /// Lets failed tries be repeated, which tests of single failures would not expect.
    #[must_use]
    pub fn retrying(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// A provider that runs a program; its only model has the provider's name.
    #[must_use]
    pub fn program(id: &str, program: &str, arguments: &[&str]) -> Self {
        let mut lines = format!("id = \"{id}\"\nadapter = \"spawn-cli\"\ndialect = \"cli-text\"\n");
        let _ = writeln!(lines, "models = [\"{id}\"]");
        let _ =
            writeln!(lines, "settings = {{ program = \"{program}\", arguments = {arguments:?} }}");
        Self { lines, retries: 0 }
    }

    /// Adds a line: `timeouts = { first_byte_ms = 100 }`.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        self.lines.push_str(line);
        self.lines.push('\n');
        self
    }
}
