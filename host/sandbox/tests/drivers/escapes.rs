//! The table of escapes: each row works where nothing refuses it, is refused by every driver, and
//! leaves the host as it was.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use sandbox::{DriverName, Layer, SandboxDriver};

use super::attempts::ATTEMPT_ARGUMENT;
use super::program::{
    DRIVERS, OTHERS, Outcome, PLACE, attempt, call, is_shown, policy, run, strong_drivers,
};

mod host;
mod rows;
mod traces;

use host::HOST;
use rows::{Control, Promise, Refusal, Row, rows};
use traces::{Outside, own_memory};

/// What this process may grow by while programs try everything.
const MAX_GROWTH_KILOBYTES: u64 = 32 << 10;

fn works_without_a_sandbox(row: &Row) -> bool {
    let mut command = Command::new(PLACE.join("attempt"));
    command.arg(ATTEMPT_ARGUMENT).current_dir("/");
    match row.control {
        Control::AsNobody => _ = command.uid(65534).gid(65534),
        Control::InNetworkOfItsOwn => _ = command.arg("in-network-of").args(&row.arguments),
        Control::AsRoot | Control::Never(_) => {}
    }
    let output = command.args(row.words()).output().unwrap();
    if !output.status.success() {
        eprintln!("{:?}: {output:?}", row.words());
    }
    output.status.success()
}

#[test]
fn every_escape_works_without_a_sandbox_so_that_its_refusal_means_something() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let _others = OTHERS.read().unwrap();
    let rows = rows(&HOST);
    let harmless = rows.iter().filter(|row| !matches!(row.control, Control::Never(_)));
    let failed = harmless.filter(|row| !works_without_a_sandbox(row));
    let failed: Vec<_> = failed.map(Row::words).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn every_escape_is_refused_by_every_driver_and_changes_nothing_outside() {
    let host = &*HOST;
    // Nobody else's runs are to be seen outside.
    let _alone = OTHERS.write().unwrap();
    for driver in strong_drivers() {
        let before = own_memory();
        let wrong: Vec<_> = rows(host).iter().filter_map(|row| try_row(driver, row)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let after = own_memory();
        let name = driver.report().driver;
        assert!(after < before + MAX_GROWTH_KILOBYTES, "{name}: from {before} to {after} kB");
    }
}

#[test]
fn what_the_last_resort_promises_is_refused_by_it() {
    let host = &*HOST;
    let _alone = OTHERS.write().unwrap();
    let basic = DRIVERS.get(DriverName::Basic).unwrap();
    if !basic.report().has(Layer::User) {
        return;
    }
    let rows = rows(host).into_iter().filter(|row| row.is_of_basic);
    let wrong: Vec<_> = rows.filter_map(|row| try_row(basic, &row)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What went wrong, if something did.
fn try_row(driver: &Arc<dyn SandboxDriver>, row: &Row) -> Option<String> {
    let name = driver.report().driver;
    let outside = Outside::look();
    let outcome = run(driver, &HOST.policy(), &attempt(&row.words()));
    if is_shown() {
        eprintln!("{name}, {:?}: {}", row.words(), outcome.stdout.trim_end());
    }
    let instead = row.instead.as_ref().filter(|instead| instead.driver == name);
    let is_kept = match instead {
        Some(instead) => keeps(driver, instead.promise),
        // It says that it cannot.
        None if row.layer.is_some_and(|layer| !driver.report().has(layer)) => true,
        None => is_refused(row, &outcome),
    };
    let now = Outside::look();
    let problem = (!is_kept).then(|| format!("{outcome:?}"));
    let problem =
        problem.or_else(|| (now != outside).then(|| format!("{outside:?}, then {now:?}")));
    problem.map(|problem| format!("{name}, {:?}: {problem}", row.words()))
}

/// It ran and was refused, or it was ended for what it did.
fn is_refused(row: &Row, outcome: &Outcome) -> bool {
    let text = &outcome.stdout;
    let told = text.starts_with("refused: ") && !text.contains("no attempt");
    let ended = row.refusal == Refusal::MayEnd && !outcome.status.success();
    !text.contains("escaped") && (told || ended)
}

fn keeps(driver: &Arc<dyn SandboxDriver>, promise: Promise) -> bool {
    match promise {
        Promise::OwnKernel => {
            let kernel = run(driver, &policy(), &call("/bin/cat", &["/proc/version"])).stdout;
            let hosts = std::fs::read_to_string("/proc/version").unwrap();
            driver.report().has(Layer::OwnKernel) && kernel != hosts
        }
        Promise::SameRights => {
            // It gives up its rights while the program starts already.
            let script = "for _ in $(seq 500); do grep -q 'Seccomp:.2' /proc/1/status && break; \
                          sleep 0.01; done; cat /proc/1/status";
            let outcome = run(driver, &policy(), &call("/bin/sh", &["-c", script]));
            let lines = ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"];
            lines.iter().all(|line| outcome.stdout.contains(line))
        }
    }
}

#[test]
fn a_first_process_that_programs_can_reach_has_no_more_rights_than_they_have() {
    let _others = OTHERS.read().unwrap();
    let tools = strong_drivers().into_iter().filter(|driver| {
        let report = driver.report();
        report.driver != DriverName::Native && report.has(Layer::SystemCalls)
    });
    for driver in tools {
        assert!(keeps(driver, Promise::SameRights), "{}", driver.report().driver);
    }
}
