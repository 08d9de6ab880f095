//! `runsc`: a kernel of the program's own, in a process of the host without rights.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::tool::{Command, Phrase, Rights, Start, Terms, rootfs, text};
use crate::cgroup::Spare;
use crate::layer::Layer;
use crate::order::{TOOL_DIRECTORY, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::view::{SCRATCH, Text};

pub(crate) const TERMS: Terms = Terms {
    binary: "runsc",
    needs: &[],
    rights: Rights::Root,
    start: Start::Waiter,
    layers: &[
        Layer::MountView,
        Layer::ProcessTree,
        Layer::Network,
        Layer::InterProcess,
        Layer::HostName,
        Layer::NoNewPrivileges,
        Layer::NoCapabilities,
        Layer::ResourceLimits,
        Layer::OwnKernel,
    ],
    // The kernel's threads, of which it has up to 63 for a shell on two processors, and what they
    // need beside the program's memory.
    spare: Spare { processes: 80, memory_bytes: 96 << 20 },
    phrase,
};

fn phrase(phrase: &Phrase<'_>) -> io::Result<Command> {
    let bundle = Path::new(TOOL_DIRECTORY).join("bundle");
    let (mut texts, links) = rootfs(phrase.view, &bundle.join("rootfs"));
    texts.push(Text { at: bundle.join("config.json"), content: config(phrase)?.to_string() });
    let state = format!("--root={TOOL_DIRECTORY}/state");
    let bundle = bundle.display().to_string();
    let network = match phrase.network {
        NetworkAccess::None => "--network=none",
        // The cage's, which has nothing but the outlet.
        NetworkAccess::Outlet => "--network=host",
    };
    let words = [
        &state,
        network,
        "--ignore-cgroups",
        "--platform=ptrace",
        "run",
        "--bundle",
        &bundle,
        "program",
    ];
    Ok(Command {
        arguments: words.map(Into::into).into(),
        environment: Vec::new(),
        order: ToolOrder { texts, links, limits: None, filters: false },
    })
}

/// The bundle's document (OCI runtime specification 1.0.2).
fn config(phrase: &Phrase<'_>) -> io::Result<Value> {
    let limits = phrase.limits;
    let limit =
        |name: &str, soft: u64, hard: u64| json!({"type": name, "soft": soft, "hard": hard});
    let words = phrase.command.iter().map(|word| text(word));
    let arguments = words.collect::<io::Result<Vec<_>>>()?;
    let mut environment = Vec::new();
    for (name, value) in &phrase.environment {
        environment.push(format!("{}={}", text(name)?, text(value)?));
    }
    let own_network = match phrase.network {
        NetworkAccess::None => Some("network"),
        NetworkAccess::Outlet => None,
    };
    let namespaces = ["pid", "ipc", "uts", "mount"].into_iter().chain(own_network);
    let namespaces: Vec<_> = namespaces.map(|kind| json!({"type": kind})).collect();
    Ok(json!({
        "ociVersion": "1.0.2",
        "hostname": "sandbox",
        "root": {"path": "rootfs", "readonly": true},
        "process": {
            "user": {"uid": phrase.user, "gid": phrase.user, "umask": 0o077},
            "args": arguments,
            "env": environment,
            "cwd": text(phrase.directory.as_os_str())?,
            "noNewPrivileges": true,
            "capabilities": {},
            "rlimits": [
                limit("RLIMIT_CPU", limits.cpu_seconds, limits.cpu_seconds.saturating_add(1)),
                limit("RLIMIT_NOFILE", limits.open_files, limits.open_files),
                limit("RLIMIT_FSIZE", limits.file_bytes, limits.file_bytes),
                limit("RLIMIT_CORE", 0, 0),
            ],
        },
        "mounts": mounts(phrase)?,
        "linux": {"namespaces": namespaces},
    }))
}

fn mounts(phrase: &Phrase<'_>) -> io::Result<Vec<Value>> {
    let size = format!("size={}", phrase.limits.scratch_bytes);
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc"}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}),
        json!({
            "destination": SCRATCH, "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "nodev", "mode=1777", size],
        }),
    ];
    for bind in &phrase.view.binds {
        mounts.push(json!({
            "destination": text(bind.target.as_os_str())?,
            "type": "bind",
            "source": text(bind.source.as_os_str())?,
            "options": ["rbind", "ro", "nosuid", "nodev"],
        }));
    }
    Ok(mounts)
}
