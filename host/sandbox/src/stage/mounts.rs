//! The file system that a run sees.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, fchown, symlink};
use std::path::{Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    unmount,
};
use rustix::process::pivot_root;

use super::system::{Reach, seal};
use super::{InLayer, StageProblem};
use crate::driver::cage::{NOBODY, maps_nobody};
use crate::layer::Layer;
use crate::order::{Inside, NativeOrder, TOOL_DIRECTORY};
use crate::view::{Bind, DEVICES, Link, SCRATCH, Text};

/// Where the old root hangs while the new one is built.
const OLD: &str = "/.old";

/// The root holds mount points and small texts.
const ROOT_OPTIONS: &str = "mode=0755,size=4m,nr_inodes=4k";

/// Files in `/tmp`, at most: each takes kernel memory that its size does not show.
const SCRATCH_FILES: u32 = 16 * 1024;

/// Builds it. Nothing of it is seen elsewhere, and nothing of it stays after the run.
pub(super) fn build(inside: &Inside) -> Result<(), StageProblem> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).in_layer(Layer::MountView, "keeping mounts to itself")?;
    match inside {
        Inside::Native(native) => build_view(native),
        Inside::Tool(tool) => {
            let options = format!("mode=0755,nr_inodes={SCRATCH_FILES}");
            memory(Path::new(TOOL_DIRECTORY), &options, MountFlags::NODEV)
                .in_layer(Layer::MountView, "the tool's directory")?;
            furnish(&tool.links, &tool.texts).in_layer(Layer::MountView, "the tool's files")?;
            share_memory().in_layer(Layer::MountView, "the tool's shared memory")?;
            proc().in_layer(Layer::ProcessTree, "a /proc of its own")
        }
    }
}

fn build_view(native: &NativeOrder) -> Result<(), StageProblem> {
    swap_root().in_layer(Layer::MountView, "a root of its own")?;
    proc().in_layer(Layer::ProcessTree, "a /proc of its own")?;
    for bind in &native.view.binds {
        let shown = show(bind);
        shown.map_err(|error| {
            let what = format!("showing {}", bind.target.display());
            StageProblem::new(Layer::MountView, what, &error)
        })?;
    }
    furnish(&native.view.links, &native.view.texts)
        .in_layer(Layer::MountView, "links and files")?;
    devices().in_layer(Layer::MountView, "devices")?;
    let size = native.limits.scratch_bytes;
    let options = format!("mode=0700,size={size},nr_inodes={SCRATCH_FILES}");
    memory(Path::new(SCRATCH), &options, MountFlags::NODEV)
        .in_layer(Layer::MountView, "a private /tmp")?;
    let gone = unmount(OLD, UnmountFlags::DETACH).map_err(io::Error::from);
    gone.and_then(|()| fs::remove_dir(OLD)).in_layer(Layer::MountView, "leaving the old root")?;
    seal(Path::new("/"), Reach::One).in_layer(Layer::MountView, "sealing the root")
}

/// Makes an empty root of memory and hangs the old one into it. `/tmp` serves as the place,
/// because it is everywhere; in the old root it is as it was.
fn swap_root() -> io::Result<()> {
    memory(Path::new("/tmp"), ROOT_OPTIONS, MountFlags::NODEV)?;
    fs::create_dir(format!("/tmp{OLD}"))?;
    std::env::set_current_dir("/tmp")?;
    pivot_root(".", OLD.trim_start_matches('/'))?;
    std::env::set_current_dir("/")
}

fn memory(at: &Path, options: &str, flags: MountFlags) -> io::Result<()> {
    fs::create_dir_all(at)?;
    let options = std::ffi::CString::new(options)?;
    mount("tmpfs", at, "tmpfs", MountFlags::NOSUID | flags, Some(options.as_c_str()))?;
    Ok(())
}

/// A tool's locks would stay in the host's, where there is one.
fn share_memory() -> io::Result<()> {
    let place = Path::new("/dev/shm");
    match place.is_dir() {
        true => memory(place, "mode=1777,size=4m,nr_inodes=1k", MountFlags::NODEV),
        false => Ok(()),
    }
}

/// The kernel gives one only to whom sees a whole one already.
fn proc() -> io::Result<()> {
    fs::create_dir_all("/proc")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)?;
    Ok(())
}

fn in_old_root(path: &Path) -> PathBuf {
    Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path))
}

fn show(bind: &Bind) -> io::Result<()> {
    make_place(&bind.target, bind.is_directory)?;
    mount_bind_recursive(in_old_root(&bind.source), &bind.target)?;
    seal(&bind.target, Reach::Tree)
}

fn make_place(at: &Path, is_directory: bool) -> io::Result<()> {
    if at.exists() {
        return Ok(());
    }
    if is_directory {
        return fs::create_dir_all(at);
    }
    at.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create_new(at).map(|_| ())
}

fn furnish(links: &[Link], texts: &[Text]) -> io::Result<()> {
    write_texts(texts)?;
    links.iter().try_for_each(|link| symlink(&link.to, &link.at))
}

/// Texts can be secrets: they are the run's user's alone, and only to read. Directories above
/// them are the first process's.
fn write_texts(texts: &[Text]) -> io::Result<()> {
    for text in texts {
        if let Some(parent) = text.at.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
        let mut options = File::options();
        let mut file = options.write(true).create_new(true).mode(0o400).open(&text.at)?;
        file.write_all(text.content.as_bytes())?;
        if rustix::process::geteuid().is_root() && maps_nobody("/proc/self/uid_map") {
            // A tool's program is nobody.
            fchown(&file, Some(NOBODY), Some(NOBODY))?;
        }
    }
    Ok(())
}

fn devices() -> io::Result<()> {
    for device in DEVICES.map(Path::new) {
        make_place(device, false)?;
        mount_bind_recursive(in_old_root(device), device)?;
    }
    // Names that programs expect.
    symlink("/proc/self/fd", "/dev/fd")?;
    for (number, name) in ["stdin", "stdout", "stderr"].iter().enumerate() {
        symlink(format!("/proc/self/fd/{number}"), format!("/dev/{name}"))?;
    }
    symlink(SCRATCH, "/dev/shm")
}
