//! Fuzz targets for everything that reads what others wrote: replies of providers, bodies of
//! callers, documents, frames.
//!
//! One program holds all targets. `FUZZ_TARGET` says which one runs, and `list` prints their
//! names; `FUZZ_SEEDS` names a folder that gets the target's seeds before the run, made from the
//! transcripts and golden files of the plugins. `run.sh` beside the manifest builds it and runs
//! every target for a bounded time.
//!
//! The engine is libFuzzer. It needs coverage counters, which the compiler's flags in `run.sh`
//! put in: `-C passes` and `-C llvm-args` are stable, so the project's own toolchain is enough. A
//! sanitizer would need a nightly one and find little here, where `unsafe` is denied; overflows
//! and failed assertions are found because the profile checks them. The flags are few, so cargo
//! builds the program without `cargo-fuzz`.
//!
//! Whatever a target finds wrong it says by panicking.

#![no_main]
// A tool talks to the person who started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod callers;
mod dialects;
mod dictionary;
mod envelope;
mod input;
mod providers;
mod seeds;
mod splitters;
mod target;

use std::env;
use std::process::exit;
use std::sync::OnceLock;

use target::{Check, Target};

/// The check of the chosen target.
static CHECK: OnceLock<Check> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: start(), |bytes: &[u8]| {
    if let Some(check) = CHECK.get() {
        check(bytes);
    }
});

fn start() {
    let targets = target::all();
    let wanted = env::var("FUZZ_TARGET").unwrap_or_default();
    let Some(target) = targets.iter().find(|target| target.name == wanted) else {
        for target in &targets {
            println!("{}", target.name);
        }
        exit(if wanted == "list" { 0 } else { 2 });
    };
    if let Some(folder) = env::var_os("FUZZ_SEEDS")
        && let Err(error) = write_seeds(target, folder.as_ref())
    {
        eprintln!("cannot write seeds: {error}");
        exit(2);
    }
    let _ = CHECK.set((target.start)());
}

/// Seeds as files, and the words in them as a dictionary beside the folder.
fn write_seeds(target: &Target, folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let seeds = (target.seeds)();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed)?;
    }
    std::fs::write(folder.with_extension("dict"), dictionary::of(&seeds))
}
