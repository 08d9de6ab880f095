//! The outer process: leader of the group, maker of the namespaces.

use std::fs;
use std::io;
use std::net::TcpListener;

use rustix::process::{
    DumpableBehavior, Gid, Pid, Signal, Uid, WaitOptions, getegid, geteuid, getppid,
    set_dumpable_behavior, set_parent_process_death_signal, setsid, umask, waitpid,
};
use rustix::thread::{UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::report::Reporter;
use super::system::{Fork, fork, raise_loopback, unshare};
use super::{InLayer, StageProblem, first, privileges};
use crate::driver::cage::NOBODY;
use crate::layer::Layer;
use crate::order::{Identity, Inside, Order};
use crate::outlet::{NetworkAccess, OUTLET_ADDRESS};

/// Returns the exit code of the outer process; the copies of this process return theirs.
pub(super) fn run(order: Order, reporter: Reporter) -> i32 {
    match prepare(&order, &reporter) {
        Ok(Fork::Child) => first::run(order, reporter),
        Ok(Fork::Parent(first)) => {
            // What the first process says is enough.
            drop(reporter);
            drop(order);
            privileges::close_streams();
            wait_for(first)
        }
        Err(problem) => reporter.fail(problem),
    }
}

fn prepare(order: &Order, reporter: &Reporter) -> Result<Fork, StageProblem> {
    setsid().in_layer(Layer::ProcessTree, "a session of its own")?;
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    for door in &order.groups {
        fs::write(door, "0").in_layer(Layer::MemoryGroup, "joining a control group")?;
    }
    take_identity(order.identity).in_layer(Layer::User, "giving up the user")?;
    // After the change of user, which would undo it.
    set_parent_process_death_signal(Some(Signal::KILL))
        .in_layer(Layer::ProcessTree, "dying with the gateway")?;
    if getppid() != Pid::from_raw(order.gateway) {
        let gone = io::Error::from_raw_os_error(libc::ESRCH);
        return Err(StageProblem::new(Layer::ProcessTree, "the gateway is gone", &gone));
    }
    if order.identity != Identity::Root {
        enter_user_namespace(order.identity).in_layer(Layer::UserNamespace, "a user namespace")?;
    }
    make_namespaces(&order.inside)?;
    match order.network {
        NetworkAccess::None => {}
        NetworkAccess::Outlet => open_outlet(reporter)?,
    }
    fork().in_layer(Layer::ProcessTree, "the first process")
}

fn take_identity(identity: Identity) -> io::Result<()> {
    if identity == Identity::Nobody {
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        set_thread_groups(&[])?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)?;
    }
    Ok(())
}

/// A namespace that knows one user and one group: those that this process has.
fn enter_user_namespace(identity: Identity) -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let is_root = identity == Identity::OwnAsRoot;
    let (inner_user, inner_group) = if is_root { (0, 0) } else { (user, group) };
    // A change of user makes a process's files in /proc root's.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    unshare(UnshareFlags::NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{inner_user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{inner_group} {group} 1"))
}

fn make_namespaces(inside: &Inside) -> Result<(), StageProblem> {
    let all = [
        (Layer::MountView, UnshareFlags::NEWNS),
        (Layer::ProcessTree, UnshareFlags::NEWPID),
        (Layer::Network, UnshareFlags::NEWNET),
        (Layer::InterProcess, UnshareFlags::NEWIPC),
        (Layer::HostName, UnshareFlags::NEWUTS),
        // It hides where in the hierarchy of control groups the run is.
        (Layer::HostName, UnshareFlags::NEWCGROUP),
    ];
    // Tools look at the hierarchy of control groups, so they keep sight of it.
    let wanted = match inside {
        Inside::Native(_) => all.len(),
        Inside::Tool(_) => all.len() - 1,
    };
    all.into_iter()
        .take(wanted)
        .try_for_each(|(layer, flag)| unshare(flag).in_layer(layer, "a namespace of its own"))
}

/// Opens the outlet in the namespace of the run. The gateway alone keeps it.
fn open_outlet(reporter: &Reporter) -> Result<(), StageProblem> {
    raise_loopback().in_layer(Layer::Network, "a loopback of its own")?;
    let outlet = TcpListener::bind(OUTLET_ADDRESS).in_layer(Layer::Network, "the outlet")?;
    reporter.hand_over(outlet).in_layer(Layer::Network, "handing over the outlet")
}

fn wait_for(first: Pid) -> i32 {
    loop {
        match waitpid(Some(first), WaitOptions::empty()) {
            Ok(Some((_, status))) if status.exit_status().is_some() => {
                return status.exit_status().unwrap_or(2);
            }
            Ok(Some((_, status))) if status.signaled() => return 2,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 2,
        }
    }
}
