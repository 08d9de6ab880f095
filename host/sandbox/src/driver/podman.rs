//! `podman` with `runc`: a container of the named paths, without an image or a daemon.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::tool::{Command, Phrase, Rights, Start, Terms, rootfs, text};
use crate::cgroup::Spare;
use crate::layer::Layer;
use crate::order::{Identity, TOOL_DIRECTORY, ToolOrder};
use crate::outlet::NetworkAccess;
use crate::stage::calls;
use crate::view::{SCRATCH, Text};

mod rootless;

pub(crate) const TERMS: Terms = Terms {
    binary: "podman",
    needs: &["runc", "conmon"],
    rights: Rights::AnyRoot,
    start: Start::Waiter,
    layers: &[
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
    spare: Spare { processes: 64, memory_bytes: 96 << 20 },
    phrase,
};

fn phrase(phrase: &Phrase<'_>) -> io::Result<Command> {
    let root = Path::new(TOOL_DIRECTORY).join("rootfs");
    let (mut texts, mut links) = rootfs(phrase.view, &root);
    let profile = Path::new(TOOL_DIRECTORY).join("system-calls.json");
    let content = calls::profile(phrase.network).to_string();
    texts.push(Text { at: profile.clone(), content });
    let limits = phrase.limits;
    let is_rootless = phrase.identity == Identity::OwnAsRoot;
    let directory = text(phrase.directory.as_os_str())?;
    let words = format!(
        "--root={TOOL_DIRECTORY}/storage --runroot={TOOL_DIRECTORY}/runroot \
         --tmpdir={TOOL_DIRECTORY}/libpod --storage-driver=vfs --cgroup-manager=cgroupfs \
         --events-backend=none --runtime={runtime} run --interactive {network} --read-only \
         --read-only-tmpfs=false --cap-drop=all --security-opt=no-new-privileges \
         --security-opt=seccomp={profile} --security-opt=mask=/sys \
         --log-driver=none --no-healthcheck --no-hosts --unsetenv-all --umask=0077 \
         --hostname=sandbox --user={user}:{user} \
         --ulimit=cpu={cpu}:{cpu_hard} --ulimit=nofile={files}:{files} \
         --ulimit=fsize={size}:{size} --ulimit=core=0:0 \
         --mount=type=tmpfs,destination=/dev,ro=true,tmpfs-mode=0755 --shm-size={scratch} \
         --tmpfs={SCRATCH}:rw,nosuid,nodev,mode=1777,size={scratch}",
        runtime = if is_rootless { rootless::runtime() } else { "runc".into() }.display(),
        network = network(phrase.network),
        profile = profile.display(),
        user = phrase.user,
        cpu = limits.cpu_seconds,
        cpu_hard = limits.cpu_seconds.saturating_add(1),
        files = limits.open_files,
        size = limits.file_bytes,
        scratch = limits.scratch_bytes,
    );
    let mut arguments: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
    arguments.push(format!("--workdir={directory}").into());
    let mut environment = phrase.environment.clone();
    if is_rootless {
        texts.push(rootless::settings());
        links.push(rootless::link()?);
        arguments.extend(rootless::options(limits));
        environment.extend(rootless::environment());
    } else {
        arguments.extend(group_options(phrase)?);
    }
    for bind in &phrase.view.binds {
        let (source, target) = (plain(&bind.source)?, plain(&bind.target)?);
        let mount = format!("--mount=type=bind,source={source},destination={target},ro=true");
        arguments.push(mount.into());
    }
    for (name, _) in &phrase.environment {
        // The value is the tool's own variable: no command line shows it.
        arguments.push("--env".into());
        arguments.push(name.clone());
    }
    arguments.extend(["--rootfs".into(), root.into()]);
    arguments.extend(phrase.command.iter().cloned());
    Ok(Command {
        arguments,
        environment,
        order: ToolOrder { texts, links, limits: None, filters: false },
    })
}

/// What needs control groups.
fn group_options(phrase: &Phrase<'_>) -> io::Result<Vec<OsString>> {
    let limits = phrase.limits;
    // Counted over all runs of the user: the control group counts this one's.
    let all = getrlimit(Resource::Nproc).maximum.map_or(-1, u64::cast_signed);
    // The engine's own default is one group for all, which it does not remove if it is killed.
    let parent = text(phrase.groups.guests().as_os_str())?;
    Ok(vec![
        "--cgroups=no-conmon".into(),
        format!("--cgroup-parent={parent}").into(),
        format!("--pids-limit={}", limits.processes).into(),
        format!("--memory={}", limits.memory_bytes).into(),
        format!("--ulimit=nproc={all}:{all}").into(),
    ])
}

/// With an outlet, podman's own, which is the cage's.
const fn network(access: NetworkAccess) -> &'static str {
    match access {
        NetworkAccess::None => "--network=none",
        NetworkAccess::Outlet => "--network=host --dns=none --http-proxy=false",
    }
}

/// A path in a list that commas divide.
fn plain(path: &Path) -> io::Result<String> {
    let text = text(path.as_os_str())?;
    if text.contains([',', '"', '\n']) {
        let message = format!("{text:?} holds a comma, which podman takes for a divider");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(text)
}
