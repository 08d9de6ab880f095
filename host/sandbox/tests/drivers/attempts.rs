//! The program that tries something it must not do.
//!
//! It prints `escaped` and exits with 0 if it could, and prints why not and exits with 1 if it
//! was refused. Each attempt is harmless where nothing refuses it, but for those that the table
//! runs in sandboxes alone.
#![allow(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

mod kernel;
pub(crate) mod network;
mod others;
mod takers;

/// The first argument of an attempt; the second is its name.
pub(crate) const ATTEMPT_ARGUMENT: &str = "__attempt";

/// Serves as the program if this process was started for it.
pub(crate) fn serve_attempt_if_asked() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, rest @ ..] = arguments.as_slice()
        && first == ATTEMPT_ARGUMENT
    {
        let code = match make(name, rest) {
            Ok(()) => {
                println!("escaped");
                0
            }
            Err(error) => {
                println!("refused: {error}");
                1
            }
        };
        std::process::exit(code);
    }
}

fn make(name: &str, arguments: &[String]) -> io::Result<()> {
    let first = || arguments.first().cloned().unwrap_or_default();
    let second = || arguments.get(1).cloned().unwrap_or_default();
    let count = || first().parse().unwrap_or(0);
    match name {
        "print-arguments" => {
            arguments.iter().for_each(|argument| println!("{argument:?}"));
            std::process::exit(0)
        }
        "in-network-of" => {
            network::be_in_network_of(&first())?;
            match &arguments[1..] {
                [name, rest @ ..] => make(name, rest),
                [] => Ok(()),
            }
        }
        "read" | "list" | "read-through-link" | "write-in" | "open-to-write" => {
            file(name, &first())
        }
        "connect" => network::connect(&first()),
        "ask-udp" => network::ask_udp(&first()),
        "make-socket" => network::make_socket(&first()),
        "abstract-socket" => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(first())?;
            UnixStream::connect_addr(&address).map(|_| ())
        }
        "path-socket" => UnixStream::connect(first()).map(|_| ()),
        "find-environment" => others::find_environment(&first()),
        "see-process" => others::see(&first(), &second()),
        "open-memory-of-others" => others::open_memory(),
        "trace" => others::trace(&first()),
        "signal" => others::signal(&first()),
        "leave-behind" => others::leave_behind(&first()),
        "fork" => takers::fork_many(count()),
        "fork-bomb" => takers::fork_for_ever(),
        "memory" => takers::take_memory(count()),
        "memory-of-many" => takers::take_memory_in_children(count()),
        "fill-disk" => takers::fill(count()),
        "open-files" => takers::open_many(count()),
        "flood" => takers::flood(),
        "euid" => kernel::be_root(),
        "exec" => Err(Command::new(first()).args([ATTEMPT_ARGUMENT, "euid"]).exec()),
        "wait-for-ever" => wait_for_ever(),
        _ => kernel::call(name),
    }
}

fn file(name: &str, path: &str) -> io::Result<()> {
    match name {
        // One byte: some files have no end.
        "read" => File::open(path)?.read_exact(&mut [0]),
        "list" => fs::read_dir(path)?.next().transpose().map(|_| ()),
        "read-through-link" => {
            let link = format!("/tmp/link-{}", std::process::id());
            std::os::unix::fs::symlink(path, &link)?;
            let read = fs::read(&link);
            fs::remove_file(&link)?;
            read.map(|_| ())
        }
        "write-in" => {
            let path = format!("{path}/written-{}", std::process::id());
            File::create_new(&path)?;
            fs::remove_file(path)
        }
        _ => OpenOptions::new().write(true).open(path).map(|_| ()),
    }
}

fn wait_for_ever() -> io::Result<()> {
    others::ignore_signals();
    println!("waiting");
    io::stdout().flush()?;
    loop {
        unsafe { libc::pause() };
    }
}
