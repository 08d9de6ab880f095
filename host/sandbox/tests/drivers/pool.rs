//! Sandboxes that wait for their program.

use std::collections::BTreeSet;
use std::time::Duration;

use sandbox::{
    Credential, CredentialSlot, DriverName, Drivers, PoolLimits, Running, SandboxDriver,
    SandboxPolicy,
};

use super::leftovers::{children, groups};
use super::network::{ASK_ARGUMENT, answer, granted};
use super::program::{OTHERS, PLACE, call, finish, policy};

const LIMITS: PoolLimits = PoolLimits { each: 1, all: 3, unused: Duration::from_secs(3600) };

/// Drivers of this test alone: what they prepare ends with them.
struct Prepared(Drivers);

impl Prepared {
    fn new(limits: PoolLimits) -> Self {
        // The shared ones make this process the subreaper.
        std::sync::LazyLock::force(&super::program::DRIVERS);
        Self(Drivers::with_pool(limits))
    }

    /// Those that keep sandboxes ready, if they work here.
    fn slow(&self) -> Vec<&dyn SandboxDriver> {
        let wanted = std::env::var("SANDBOX_DRIVER").ok();
        let names = [DriverName::Gvisor, DriverName::Podman].into_iter();
        let names = names.filter(|name| wanted.as_ref().is_none_or(|one| one == name.as_str()));
        names.filter_map(|name| self.0.get(name).ok()).map(|driver| &**driver).collect()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Waits until this many wait.
fn until_waiting(driver: &dyn SandboxDriver, count: usize) {
    let come = (0..6000).any(|_| {
        let there = driver.waiting() == count;
        if !there {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        there
    });
    assert!(come, "{}: {} wait, not {count}", driver.report().driver, driver.waiting());
}

/// What it says, and whether its sandbox was there before it.
fn say(driver: &dyn SandboxDriver, policy: &SandboxPolicy, script: &str) -> (String, bool) {
    let before = children();
    let mut running = driver.spawn(policy, &call("/bin/sh", &["-c", script])).unwrap();
    let was_ready = is_in(&before, &running);
    let outcome = finish(&mut running, b"");
    assert!(outcome.status.success(), "{}: {outcome:?}", driver.report().driver);
    (outcome.stdout, was_ready)
}

fn is_in(children: &BTreeSet<String>, running: &Running) -> bool {
    children.contains(&running.leader().as_raw_nonzero().to_string())
}

#[test]
fn the_next_run_with_the_same_policy_has_a_sandbox_that_nobody_used() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    for driver in prepared.slow() {
        let name = driver.report().driver;
        assert_eq!(driver.waiting(), 0, "{name}: nothing is made that nobody asked for");
        let script = "ls -A /tmp; touch /tmp/x; ulimit -n; ulimit -v";
        let expected = "64\n262144\n".to_owned();
        assert_eq!(say(driver, &policy(), script), (expected.clone(), false), "{name}");
        for _ in 0..2 {
            until_waiting(driver, 1);
            assert_eq!(say(driver, &policy(), script), (expected.clone(), true), "{name}");
        }
    }
}

#[test]
fn a_sandbox_that_waits_is_taken_for_its_own_policy_alone() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    let file = PLACE.join("named");
    std::fs::write(&file, "").unwrap();
    for driver in prepared.slow() {
        let name = driver.report().driver;
        say(driver, &policy(), ":");
        until_waiting(driver, 1);
        let mut other = policy();
        other.limits.open_files = 32;
        assert_eq!(say(driver, &other, "ulimit -n"), ("32\n".to_owned(), false), "{name}");
        let mut other = policy();
        other.read_only = vec![file.clone()];
        let shown = file.display();
        assert!(!say(driver, &other, &format!("test -e {shown}")).1, "{name}");
        assert!(say(driver, &policy(), &format!("test ! -e {shown}")).1, "{name}");
    }
}

#[test]
fn however_many_policies_there_are_few_sandboxes_wait() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    for driver in prepared.slow() {
        for files in 40..46 {
            let mut other = policy();
            other.limits.open_files = files;
            say(driver, &other, ":");
            assert!(driver.waiting() <= LIMITS.all, "{}", driver.report().driver);
        }
        until_waiting(driver, LIMITS.all);
    }
}

#[test]
fn a_program_that_was_replaced_is_not_run_from_a_sandbox_that_saw_the_old_one() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    let program = PLACE.join("replaced");
    let write = |word: &str| {
        let next = PLACE.join("next");
        std::fs::write(&next, format!("#!/bin/sh\necho {word}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&next, mode).unwrap();
        std::fs::rename(next, &program).unwrap();
    };
    for driver in prepared.slow() {
        for word in ["old", "new"] {
            write(word);
            let call = call(program.to_str().unwrap(), &[]);
            let mut running = driver.spawn(&policy(), &call).unwrap();
            let outcome = finish(&mut running, b"");
            assert_eq!(outcome.stdout, format!("{word}\n"), "{}", driver.report().driver);
            until_waiting(driver, if word == "old" { 1 } else { 2 });
        }
    }
}

#[test]
fn a_sandbox_that_waits_with_an_outlet_is_taken_for_a_grant_alone_and_its_outlet_leads_out() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    let can_grant =
        |driver: &&dyn SandboxDriver| driver.report().network_grants == sandbox::LayerState::Works;
    for driver in prepared.slow().into_iter().filter(can_grant) {
        let name = driver.report().driver;
        say(driver, &granted(), ":");
        until_waiting(driver, 1);
        assert!(!say(driver, &policy(), ":").1, "{name}: one without a grant took it");
        let ask = call(PLACE.join("attempt").to_str().unwrap(), &[ASK_ARGUMENT]);
        for is_ready in [false, true] {
            let before = children();
            let mut running = driver.spawn(&granted(), &ask).unwrap();
            assert_eq!(is_in(&before, &running), is_ready, "{name}");
            let (connection, _) = running.outlet().unwrap().accept().unwrap();
            assert_eq!(answer(connection, "pong\n"), "ping\n", "{name}");
            let outcome = finish(&mut running, b"");
            assert_eq!(outcome.stdout, "pong\n", "{name}: {outcome:?}");
            until_waiting(driver, LIMITS.all);
        }
    }
}

#[test]
fn a_secret_in_a_file_is_in_no_sandbox_that_waits() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    for driver in prepared.slow() {
        for secret in ["sk-1", "sk-2"] {
            let mut cat = call("/bin/sh", &["-c", "cat \"$KEY\""]);
            let slot = CredentialSlot::File("KEY".to_owned());
            cat.credential = Some(Credential { slot, secret: secret.to_owned() });
            let mut running = driver.spawn(&policy(), &cat).unwrap();
            assert_eq!(finish(&mut running, b"").stdout, secret, "{}", driver.report().driver);
        }
        assert_eq!(driver.waiting(), 0, "{}", driver.report().driver);
    }
}

#[test]
fn a_sandbox_that_ended_while_it_waited_is_replaced_by_a_new_one() {
    let _alone = OTHERS.write().unwrap();
    let prepared = Prepared::new(LIMITS);
    for driver in prepared.slow() {
        let name = driver.report().driver;
        let before = children();
        say(driver, &policy(), ":");
        until_waiting(driver, 1);
        for child in children().difference(&before) {
            let child = rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap();
            rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
            let ended = rustix::process::WaitIdOptions::EXITED;
            let ended = ended | rustix::process::WaitIdOptions::NOWAIT;
            rustix::process::waitid(rustix::process::WaitId::Pid(child), ended).unwrap();
        }
        assert_eq!(say(driver, &policy(), "echo x"), ("x\n".to_owned(), false), "{name}");
    }
}

#[test]
fn what_nobody_takes_is_thrown_away_after_a_while_and_all_of_it_at_the_end() {
    let _alone = OTHERS.write().unwrap();
    let (children_before, groups_before) = (children(), groups());
    let short = PoolLimits { unused: Duration::from_millis(1), ..LIMITS };
    let prepared = Prepared::new(short);
    for driver in prepared.slow() {
        say(driver, &policy(), ":");
        until_waiting(driver, 0);
    }
    drop(prepared);
    let prepared = Prepared::new(LIMITS);
    for driver in prepared.slow() {
        say(driver, &policy(), ":");
        until_waiting(driver, 1);
        driver.close();
        assert_eq!(driver.waiting(), 0);
        // It still runs programs, and prepares nothing for them.
        assert!(!say(driver, &policy(), ":").1);
        assert_eq!(driver.waiting(), 0);
    }
    drop(prepared);
    assert_eq!((children(), groups()), (children_before, groups_before));
}
