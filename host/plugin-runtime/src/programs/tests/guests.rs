//! Programs for tests, written as text.

/// What every module has. `$say` writes to a descriptor, `$open` opens a path below one and
/// returns it or ends the program with the error number, `$end` does so for anything but 0.
const PRELUDE: &str = r#"
(import "wasi_snapshot_preview1" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_pwrite"
  (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_read"
  (func $fd_read (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_filestat_set_size"
  (func $set_size (param i32 i64) (result i32)))
(import "wasi_snapshot_preview1" "path_open"
  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_create_directory"
  (func $mkdir (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_remove_directory"
  (func $rmdir (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_symlink"
  (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_link"
  (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "path_rename"
  (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_readdir"
  (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_prestat_dir_name"
  (func $name (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "poll_oneoff"
  (func $poll (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_sizes_get"
  (func $args_sizes (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_sizes_get"
  (func $environ_sizes (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "sock_accept"
  (func $accept (param i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
(memory (export "memory") 2)
(func $say (param $fd i32) (param $text i32) (param $length i32) (result i32)
  (i32.store (i32.const 0) (local.get $text))
  (i32.store (i32.const 4) (local.get $length))
  (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
(func $end (param $errno i32)
  (if (local.get $errno) (then (call $exit (local.get $errno)))))
(func $open (param $fd i32) (param $text i32) (param $length i32) (param $flags i32) (result i32)
  (call $end (call $path_open (local.get $fd) (i32.const 1) (local.get $text)
    (local.get $length) (local.get $flags)
    (select (i64.const 66) (i64.const 2) (local.get $flags)) (i64.const 0) (i32.const 0)
    (i32.const 12)))
  (i32.load (i32.const 12)))
(func $copy (param $from i32) (param $to i32)
  (loop $more
    (i32.store (i32.const 0) (i32.const 32768))
    (i32.store (i32.const 4) (i32.const 32768))
    (call $end (call $fd_read (local.get $from) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (i32.load (i32.const 8))
      (then
        (call $end (call $say (local.get $to) (i32.const 32768) (i32.load (i32.const 8))))
        (br $more)))))
"#;

/// A module whose `_start` is `body`; `data` is at address 1024.
pub(super) fn module(data: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "(module {PRELUDE} (data (i32.const 1024) {data:?}) (func (export \"_start\") {body}))"
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Opens a path below a descriptor, and shows what is there.
pub(super) fn show(path: &str, directory: u32, flags: u32) -> Vec<u8> {
    let length = path.len();
    let body = format!(
        "(call $copy (call $open (i32.const {directory}) (i32.const 1024) (i32.const {length})
          (i32.const {flags})) (i32.const 1))"
    );
    module(path, &body)
}

/// Shows the names in an open directory.
pub(super) fn list(directory: u32) -> Vec<u8> {
    let body = format!(
        "(call $end (call $readdir (i32.const {directory}) (i32.const 32768) (i32.const 8192)
          (i64.const 0) (i32.const 16)))
         (call $end (call $say (i32.const 1) (i32.const 32768) (i32.load (i32.const 16))))"
    );
    module("", &body)
}

/// Shows the name that an open directory has for the program.
pub(super) fn name(directory: u32, length: usize) -> Vec<u8> {
    let body = format!(
        "(call $end (call $name (i32.const {directory}) (i32.const 32768) (i32.const {length})))
         (call $end (call $say (i32.const 1) (i32.const 32768) (i32.const {length})))"
    );
    module("", &body)
}

/// Calls a function with two paths, written as the text of WebAssembly, then shows a third.
pub(super) fn show_after(call: &str, [old, new, then]: [&str; 3], directory: u32) -> Vec<u8> {
    let starts = [1024, 1024 + old.len(), 1024 + old.len() + new.len()];
    let place =
        |start: usize, text: &str| format!("(i32.const {start}) (i32.const {})", text.len());
    let call = call.replace("OLD", &place(starts[0], old)).replace("NEW", &place(starts[1], new));
    let body = format!(
        "(call $end {call})
         (call $copy (call $open (i32.const {directory}) {} (i32.const 0)) (i32.const 1))",
        place(starts[2], then)
    );
    module(&format!("{old}{new}{then}"), &body)
}

/// Copies standard input to standard output.
pub(super) fn echo() -> Vec<u8> {
    module("", "(call $copy (i32.const 0) (i32.const 1))")
}

/// Never ends and never says anything.
pub(super) fn endless() -> Vec<u8> {
    module("", "(loop $again (br $again))")
}

/// Says `x`, and then does what never ends.
pub(super) fn says_and(then: &str) -> Vec<u8> {
    module("x", &format!("(drop (call $say (i32.const 1) (i32.const 1024) (i32.const 1))) {then}"))
}

/// Sleeps for five minutes: one subscription to the monotonic clock, at address 2048.
pub(super) const SLEEP: &str = "
  (i32.store (i32.const 2064) (i32.const 1))
  (i64.store (i32.const 2072) (i64.const 300000000000))
  (drop (call $poll (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 16)))";

/// Writes to standard output for ever.
pub(super) const FLOOD: &str = "
  (loop $again
    (call $end (call $say (i32.const 1) (i32.const 32768) (i32.const 32768)))
    (br $again))";

/// A module that imports one function more than there is.
pub(super) fn asks_for(module: &str, function: &str) -> Vec<u8> {
    let text = format!(
        "(module (import \"{module}\" \"{function}\" (func)) (memory (export \"memory\") 1)
          (func (export \"_start\")))"
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}
