//! The table of escapes: what a WebAssembly program tries, as a core module and as a component.
//! Names are those of the table for processes, in the tests of the crate `sandbox`; what has one
//! there and none here is a call that WASI does not have, and so a row of [`imports`].
//!
//! Elsewhere: sockets in `sockets.rs`; programs that do not end when they are told to, wherever
//! they are, in `ends.rs`; arguments, environment and prompts that look like something else in the
//! module above; what is beside a named file in `files.rs`.

use super::components::component;
use super::guests::{list, show, show_after};
use super::*;

mod imports;
mod takers;

/// A program that tries to reach a file, and what shows that it would if it could.
struct Row {
    name: &'static str,
    attempt: Vec<u8>,
    control: Control,
}

/// How it is shown to work where nothing refuses it.
enum Control {
    /// This one says something, with this directory named: what the attempt wants is there, and
    /// the call works.
    Named(PathBuf, Vec<u8>),
    /// There is nothing that could be named.
    Never(&'static str),
}

/// A host with a named directory in which there is a file `f`, a link out and a link to `f`, and
/// with a file `secret` beside it.
struct Host {
    bench: Bench,
    outer: PathBuf,
    named: PathBuf,
}

impl Host {
    fn new() -> Self {
        let bench = Bench::new();
        let outer = bench.folder.path().join("outer");
        let named = outer.join("named");
        fs::create_dir_all(&named).unwrap();
        fs::write(named.join("f"), "x").unwrap();
        fs::write(outer.join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", named.join("out")).unwrap();
        Self { bench, outer, named }
    }

    /// Runs a program with one directory named, which is its descriptor 4; 3 is `/tmp`.
    async fn run(&self, program: &[u8], named: &Path) -> (Vec<u8>, Option<Failure>) {
        let change = |it: &mut ProcessTarget| it.sandbox.read_only = vec![named.to_owned()];
        self.bench.run(with_target(self.bench.exchange(program), change)).await
    }

    /// Names and contents of everything around the named directory.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for directory in [&self.outer, &self.named] {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let content = fs::read(&path).unwrap_or_default();
                files.push((path, content));
            }
        }
        files.sort();
        files
    }
}

/// Opens a file of the host where its directory is named.
fn named(path: &str) -> Control {
    let path = Path::new(path);
    let name = path.file_name().unwrap().to_str().unwrap();
    Control::Named(path.parent().unwrap().to_owned(), show(name, 4, 0))
}

const LINK: &str = "(call $link (i32.const 4) (i32.const 0) OLD (i32.const 3) NEW)";
const LINK_OUT: &str = "(call $link (i32.const 3) (i32.const 0) OLD (i32.const 4) NEW)";
const RENAME: &str = "(call $rename (i32.const 4) OLD (i32.const 3) NEW)";
const RENAME_OUT: &str = "(call $rename (i32.const 3) OLD (i32.const 4) NEW)";
const SYMLINK: &str = "(call $symlink OLD (i32.const 3) NEW)";

/// Makes a link `l` in `/tmp`, then opens a path through it.
fn through_link(target: &str, path: &str) -> Vec<u8> {
    show_after(SYMLINK, [target, "l", path], 3)
}

/// Writes a file in `/tmp`, does something to it, then shows a file.
fn with_own(call: &str, [new, then]: [&str; 2], directory: u32) -> Vec<u8> {
    let made = format!(
        "(block (result i32)
           (drop (call $say (call $open (i32.const 3) OLD (i32.const 1)) (i32.const 1024)
             (i32.const 1)))
           {call})"
    );
    show_after(&made, ["own", new, then], directory)
}

fn reading(host: &Host) -> Vec<Row> {
    let row = |name, attempt, control| Row { name, attempt, control };
    let secret = host.outer.join("secret").to_str().unwrap().to_owned();
    let program = host.bench.folder.path().join("program.wasm").to_str().unwrap().to_owned();
    let up = "../".repeat(12);
    let shadow = || named("/etc/shadow");
    let root = || Control::Named("/proc/self/root/etc".into(), show("shadow", 4, 0));
    vec![
        row("read", show("/etc/shadow", 3, 0), shadow()),
        row("read", show(&format!("{up}etc/shadow"), 3, 0), shadow()),
        row("read", show("/tmp/../etc/shadow", 3, 0), shadow()),
        row("read", show(&format!("x/{up}etc/shadow"), 4, 0), shadow()),
        row("read", show(&secret, 3, 0), named(&secret)),
        row("read", show("../secret", 4, 0), named(&secret)),
        row("read", show("./../named/../secret", 4, 0), named(&secret)),
        row("read, the gateway's own", show(&program, 3, 0), named(&program)),
        row("read, the gateway's own", show("../../program.wasm", 4, 0), named(&program)),
        row("read, other runs", show("../../0/tmp", 3, 0), Control::Never("there are none")),
        row("read", show("/proc/self/root/etc/shadow", 3, 0), root()),
        row("find-environment", show("/proc/self/environ", 3, 0), named("/proc/self/environ")),
        row(
            "find-environment",
            show(&format!("{up}proc/self/environ"), 4, 0),
            named("/proc/self/environ"),
        ),
        row("see-process", show("/proc/1/status", 3, 0), named("/proc/1/status")),
        row("see-process", show("/proc/self/fd/0", 3, 0), Control::Never("it may be a terminal")),
        row("open-memory-of-others", show("/proc/self/maps", 3, 0), named("/proc/self/maps")),
        row("list", show(&up, 3, 0), Control::Named("/".into(), list(4))),
        row("read-through-link", through_link("/etc", "l/shadow"), shadow()),
        row("read-through-link", through_link("/etc/shadow", "l"), shadow()),
        row("read-through-link", through_link(&format!("{up}etc"), "l/shadow"), shadow()),
        row("read-through-link", through_link(".", "l/../../../secret"), named(&secret)),
        row("read-through-link", show("out", 4, 0), named(&secret)),
        row("open-by-handle", show("f", 9, 0), Control::Named(host.named.clone(), show("f", 4, 0))),
    ]
}

fn writing() -> Vec<Row> {
    let row = |name, attempt, control| Row { name, attempt, control };
    // In `/tmp`, where it may write: the call is right, and the place is not.
    let control = |call: &str, then| {
        let call = call.replace("(i32.const 4)", "(i32.const 3)");
        Control::Named("/usr".into(), with_own(&call, ["new", then], 3))
    };
    let (made, linked) = (|| control(LINK, "own"), || control(LINK, "new"));
    let moved = || control(RENAME, "new");
    vec![
        row("write-in", show("new", 4, 1), made()),
        row("write-in", show("../new", 3, 1), made()),
        row("write-in", show("/var/tmp/new", 3, 1), made()),
        row("open-to-write", show("f", 4, 8), made()),
        row("open-to-write", through_link("/dev/null", "l"), made()),
        row("link-in", show_after(LINK, ["f", "new", "new"], 3), linked()),
        row("link-in", show_after(LINK, ["../secret", "new", "new"], 3), linked()),
        row("link-out", with_own(LINK_OUT, ["new", "f"], 4), linked()),
        row("link-out", with_own(LINK_OUT, ["../new", "f"], 4), linked()),
        row("rename-in", show_after(RENAME, ["f", "new", "new"], 3), moved()),
        row("rename-in", show_after(RENAME, ["../secret", "new", "new"], 3), moved()),
        row("rename-out", with_own(RENAME_OUT, ["new", "f"], 4), moved()),
        row("rename-out", with_own(RENAME_OUT, ["f", "f"], 4), moved()),
        row("rename-out", with_own(RENAME_OUT, ["../new", "f"], 4), moved()),
    ]
}

#[tokio::test]
async fn a_program_reaches_nothing_outside_of_its_directories() {
    let host = Host::new();
    let before = host.files();
    let rows = || reading(&host).into_iter().chain(writing()).enumerate();
    for (number, Row { name, attempt, .. }) in rows() {
        for program in [&attempt, &component(&attempt)] {
            let (output, failure) = host.run(program, &host.named).await;
            let failure = failure.unwrap_or_else(|| panic!("{number}, {name}: it ended well"));
            assert!(failure.message().contains("status "), "{number}, {name}: {}", told(&failure));
            assert!(output.is_empty(), "{number}, {name}");
        }
    }
    assert_eq!(host.files(), before);
    assert!(host.bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn every_attempt_works_where_nothing_refuses_it() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let host = Host::new();
    let rows = || reading(&host).into_iter().chain(writing()).enumerate();
    for (number, Row { name, control, .. }) in rows() {
        let (directory, program) = match control {
            Control::Named(directory, program) => (directory, program),
            Control::Never(reason) => {
                eprintln!("{number}, {name}: not shown to work: {reason}");
                continue;
            }
        };
        for program in [&program, &component(&program)] {
            let (output, failure) = host.run(program, &directory).await;
            assert!(failure.is_none(), "{number}, {name}: {}", told(&failure.unwrap()));
            assert!(!output.is_empty(), "{number}, {name}");
        }
    }
}
