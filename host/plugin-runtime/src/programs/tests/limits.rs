//! What programs cannot use more of than they may.

use super::*;

/// Fills a file called `f` until it is refused, and ends with the error number.
const FILL_FILE: &str = "(local $fd i32)
  (local.set $fd (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1)))
  (loop $again
    (call $end (call $say (local.get $fd) (i32.const 32768) (i32.const 32768)))
    (br $again))";

/// Makes and removes a directory for ever.
const FILL_ENTRIES: &str = "
  (loop $again
    (call $end (call $mkdir (i32.const 3) (i32.const 1024) (i32.const 1)))
    (call $end (call $rmdir (i32.const 3) (i32.const 1024) (i32.const 1)))
    (br $again))";

/// Makes a hole of more than a file may have.
const FAR_WRITE: &str = "
  (i32.store (i32.const 0) (i32.const 1024))
  (i32.store (i32.const 4) (i32.const 1))
  (call $end (call $fd_pwrite
    (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1))
    (i32.const 0) (i32.const 1) (i64.const 1048576) (i32.const 8)))";

const FAR_SIZE: &str = "
  (call $end (call $set_size
    (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1))
    (i64.const 1048577)))";

/// Programs that end in time only if they are refused.
pub(super) fn fillers() -> [(&'static str, &'static str); 4] {
    [("a file", FILL_FILE), ("entries", FILL_ENTRIES), ("a hole", FAR_WRITE), ("a size", FAR_SIZE)]
}

#[tokio::test]
async fn a_program_cannot_fill_the_disk() {
    // No room, and a file that is too large (`errno` of WASI 0.1).
    let told = ["status 51", "status 51", "status 22", "status 22"];
    let bench = Bench::new();
    for ((what, body), words) in fillers().into_iter().zip(told) {
        let exchange = bench.exchange(&guests::module("f", body));
        let small = |target: &mut ProcessTarget| target.sandbox.max_scratch_bytes = 1 << 19;
        let (_, failure) = bench.run(with_target(exchange, small)).await;
        let failure = failure.unwrap();
        assert!(failure.message().contains(words), "{what}: {failure}");
    }
    assert!(bench.left_behind().await.is_empty());
}

const GROW: &str = "
  (loop $again
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
    (br $again))";

#[tokio::test]
async fn a_program_that_wants_too_much_is_ended_and_the_caller_told_what_it_was() {
    type Change = fn(&mut ProcessTarget);
    let cases: [(&str, Vec<u8>, Change, &str); 7] = [
        ("memory", guests::module("", GROW), |_| {}, "more memory"),
        ("memory at its start", guests::echo(), |it| it.max_memory_bytes = 1000, "more memory"),
        (
            "processor time",
            guests::endless(),
            |it| it.max_cpu = Duration::from_millis(20),
            "processor time",
        ),
        ("time", guests::endless(), |it| it.total = SOON, "total timeout"),
        ("silence", guests::module("", guests::SLEEP), |it| it.idle = SOON, "idle timeout"),
        ("output", guests::module("", guests::FLOOD), |_| {}, "the 1048576 bytes allowed"),
        (
            "files",
            guests::module(
                ".",
                "(loop $again (drop (call $open (i32.const 3) (i32.const 1024) (i32.const 1)
                   (i32.const 0))) (br $again))",
            ),
            |_| {},
            "more files",
        ),
    ];
    let bench = Bench::new();
    for (what, program, change, words) in cases {
        let (output, failure) = bench.run(with_target(bench.exchange(&program), change)).await;
        let failure = failure.unwrap_or_else(|| panic!("{what}: it ended well"));
        assert!(failure.message().contains(words), "{what}: {}", told(&failure));
        assert!(output.len() <= 1 << 20, "{what}");
    }
    assert!(bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn a_reader_who_is_slow_stalls_the_program() {
    let bench = Bench::new();
    let flood = bench.exchange(&guests::module("", guests::FLOOD));
    let soon = |target: &mut ProcessTarget| {
        target.max_output_bytes = u64::MAX;
        target.total = SOON;
    };
    let reply = bench.programs.run(with_target(flood, soon)).await.unwrap();
    // Nobody reads: the whole run's time passes with a few chunks waiting, and nothing more.
    while !bench.present().is_empty() {
        tokio::task::yield_now().await;
    }
    let (output, failure) = drain(reply).await;
    assert!(output.len() < 1 << 18, "{}", output.len());
    assert_eq!(failure.map(|it| it.kind()), Some(FailureKind::UpstreamTimeout));
}
