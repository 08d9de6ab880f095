//! `bwrap`: namespaces and the view as it sets them up, with our list of system calls.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::tool::{Command, Phrase, Rights, Start, Terms};
use crate::cgroup::Spare;
use crate::layer::Layer;
use crate::order::{FILTER_DESCRIPTORS, TOOL_DIRECTORY, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::policy::SandboxLimits;
use crate::view::{SCRATCH, Text};

pub(crate) const TERMS: Terms = Terms {
    binary: "bwrap",
    needs: &[],
    rights: Rights::None,
    start: Start::Program,
    layers: &[
        Layer::UserNamespace,
        Layer::MountView,
        Layer::ProcessTree,
        Layer::Network,
        Layer::InterProcess,
        Layer::HostName,
        Layer::SystemCalls,
        Layer::NoNewPrivileges,
        Layer::NoCapabilities,
        Layer::ResourceLimits,
    ],
    spare: Spare { processes: PROCESSES + 1, memory_bytes: 16 << 20 },
    phrase,
};

/// Those that stay beside the program: one of ours in the PID namespace, two of `bwrap`'s.
const PROCESSES: u64 = 3;

/// Where texts wait in the cage.
const TEXTS: &str = "texts";

fn phrase(phrase: &Phrase<'_>) -> io::Result<Command> {
    let mut words = Words(Vec::new());
    words.say(&["--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]);
    match phrase.network {
        NetworkAccess::None => {}
        // The cage's, which has the outlet.
        NetworkAccess::Outlet => words.say(&["--share-net"]),
    }
    words.say(&["--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]);
    for filter in FILTER_DESCRIPTORS {
        words.say(&["--add-seccomp-fd", &filter.to_string()]);
    }
    let mut texts = Vec::new();
    for bind in &phrase.view.binds {
        words.paths("--ro-bind", &[&bind.source, &bind.target]);
    }
    for link in &phrase.view.links {
        words.paths("--symlink", &[&link.to, &link.at]);
    }
    for (number, text) in phrase.view.texts.iter().enumerate() {
        let at = Path::new(TOOL_DIRECTORY).join(TEXTS).join(number.to_string());
        words.paths("--ro-bind", &[&at, &text.at]);
        texts.push(Text { at, content: text.content.clone() });
    }
    let size = phrase.limits.scratch_bytes.to_string();
    words.say(&["--perms", "0700", "--size", &size, "--tmpfs", SCRATCH]);
    words.say(&["--remount-ro", "/dev", "--remount-ro", "/"]);
    words.paths("--chdir", &[&phrase.directory]);
    words.say(&["--"]);
    words.0.extend(phrase.command.iter().cloned());
    let limits = *phrase.limits;
    let processes = limits.processes.saturating_add(PROCESSES);
    let limits = Some(SandboxLimits { processes, ..limits });
    Ok(Command {
        arguments: words.0,
        environment: phrase.environment.clone(),
        order: ToolOrder { texts, links: Vec::new(), limits, filters: true },
    })
}

struct Words(Vec<OsString>);

impl Words {
    fn say(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn paths(&mut self, option: &str, paths: &[&Path]) {
        self.0.push(option.into());
        self.0.extend(paths.iter().map(OsString::from));
    }
}
