//! Start to first byte of each driver that works here, also from sandboxes that were kept ready;
//! runs in a second; and what a thousand cancelled runs of each leave behind. Prints a table;
//! asserts only that nothing is left.

#![allow(missing_docs, clippy::print_stdout, reason = "a command that prints figures")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sandbox::{
    DriverName, Drivers, NetworkAccess, PoolLimits, ProgramCall, Running, SandboxDriver,
    SandboxLimits, SandboxPolicy,
};

/// Threads that start programs, as in the gateway.
const THREADS: usize = 4;

/// Sandboxes that are kept ready.
const POOL: PoolLimits = PoolLimits { each: 4, all: 4, unused: Duration::from_secs(3600) };

/// Runs that are cancelled with each driver.
const CANCELLED: usize = 1000;

fn main() {
    sandbox::serve_stage_if_asked();
    let own = Some(rustix::process::getpid());
    rustix::process::set_child_subreaper(own).expect("the kernel takes it since 3.4");
    println!("driver      start to first byte, p50   p99      runs/s   kill to nothing left, p99");
    let cold = Drivers::new();
    let ready = Drivers::with_pool(POOL);
    for name in DriverName::ALL {
        match cold.get(name) {
            Ok(driver) => measure(&**driver),
            Err(missing) => println!("{missing}"),
        }
    }
    for name in [DriverName::Gvisor, DriverName::Podman] {
        if let Ok(driver) = ready.get(name) {
            measure_ready(&**driver);
        }
    }
    ready.close();
    for name in DriverName::ALL {
        if let Ok(driver) = cold.get(name) {
            cancel_many(&**driver);
        }
    }
}

/// With a pause in which the sandbox that was taken is replaced, as between requests.
fn measure_ready(driver: &dyn SandboxDriver) {
    one(driver);
    let mut starts = Vec::new();
    for _ in 0..20 {
        while driver.waiting() < POOL.each {
            thread::yield_now();
        }
        starts.push(one(driver).0);
    }
    println!(
        "{:<12}{:>20.1} ms {:>8.1} ms, from the pool",
        driver.report().driver.as_str(),
        percentile(&mut starts, 50),
        percentile(&mut starts, 99),
    );
}

fn policy() -> SandboxPolicy {
    SandboxPolicy {
        read_only: Vec::new(),
        digest: None,
        directory: None,
        network: NetworkAccess::None,
        demanded_layers: Vec::new(),
        limits: SandboxLimits {
            cpu_seconds: 20,
            memory_bytes: 1 << 30,
            processes: 64,
            open_files: 64,
            file_bytes: 1 << 20,
            scratch_bytes: 1 << 20,
        },
    }
}

fn shell(script: &str) -> ProgramCall {
    ProgramCall {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".into(), script.into()],
        environment: Vec::new(),
        credential: None,
        feeds_stdin: false,
    }
}

fn measure(driver: &dyn SandboxDriver) {
    let name = driver.report().driver;
    let slow = matches!(name, DriverName::Gvisor | DriverName::Podman);
    let rounds = if slow { 20 } else { 200 };
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (start, end) = one(driver);
        starts.push(start);
        ends.push(end);
    }
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..rounds / THREADS).for_each(|_| _ = one(driver)));
        }
    });
    let each_second = (rounds / THREADS * THREADS) as f64 / began.elapsed().as_secs_f64();
    println!(
        "{:<12}{:>20.1} ms {:>8.1} ms {each_second:>8.1} {:>10.1} ms",
        name.as_str(),
        percentile(&mut starts, 50),
        percentile(&mut starts, 99),
        percentile(&mut ends, 99),
    );
}

/// Milliseconds from the call to the first byte, and from the kill until nothing is left.
fn one(driver: &dyn SandboxDriver) -> (f64, f64) {
    let began = Instant::now();
    let mut run = driver.spawn(&policy(), &shell("echo x; exec sleep 300")).expect("it starts");
    let mut stdout = run.streams().stdout.expect("a pipe");
    stdout.read_exact(&mut [0; 2]).expect("the program's output");
    let started = began.elapsed();
    let killed = Instant::now();
    end(run);
    (milliseconds(started), milliseconds(killed.elapsed()))
}

fn end(mut run: Running) {
    run.kill();
    let group = rustix::process::WaitId::Pgid(Some(run.leader()));
    run.reap().expect("a child");
    let exited = rustix::process::WaitIdOptions::EXITED;
    while rustix::process::waitid(group.clone(), exited).is_ok() {}
    run.traces().remove().expect("nothing holds it");
}

fn cancel_many(driver: &dyn SandboxDriver) {
    let marker = format!("302.0{}", std::process::id());
    let script = format!("sleep {marker} & echo x; wait");
    let cancel = |round: usize| {
        let mut run = driver.spawn(&policy(), &shell(&script)).expect("it starts");
        if round.is_multiple_of(2) {
            let mut stdout = run.streams().stdout.expect("a pipe");
            stdout.read_exact(&mut [0; 2]).expect("the program's output");
        }
        end(run);
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..CANCELLED / THREADS).for_each(cancel));
        }
    });
    let processes = std::fs::read_dir("/proc").expect("a /proc").flatten();
    let left = processes.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&marker)
    });
    let (left, groups) = (left.count(), groups(Path::new("/sys/fs/cgroup")));
    let name = driver.report().driver;
    println!("{name}: {CANCELLED} cancelled runs left {left} processes, {groups} control groups");
    assert!(left == 0 && groups == 0, "a run left something behind");
}

/// Control groups of runs of this process, below a directory.
fn groups(place: &Path) -> usize {
    let own = format!("patchbay-{}-", std::process::id());
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories
        .map(|entry| {
            let path = entry.path();
            let text = path.to_string_lossy();
            usize::from(text.contains(&own) && text.contains("run-")) + groups(&path)
        })
        .sum()
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent / 100).min(values.len() - 1)).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
