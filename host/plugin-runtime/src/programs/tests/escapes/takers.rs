//! Rows that take too much: each ends well where the limit allows what it takes.

use super::*;

type Change = fn(&mut ProcessTarget);

/// A program, and the two limits.
struct Taker {
    name: &'static str,
    program: Vec<u8>,
    too_little: Change,
    enough: Change,
}

/// 32 MiB at once.
const GROW: &str = "(if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then unreachable))";

/// 640 KB in a file.
const WRITE: &str = "(local $fd i32) (local $left i32)
  (local.set $fd (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1)))
  (local.set $left (i32.const 20))
  (loop $again
    (call $end (call $say (local.get $fd) (i32.const 32768) (i32.const 32768)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))";

/// The same to standard output.
const FLOOD: &str = "(local $left i32)
  (local.set $left (i32.const 20))
  (loop $again
    (call $end (call $say (i32.const 1) (i32.const 32768) (i32.const 32768)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))";

/// A hundred open directories.
const OPEN: &str = "(local $left i32)
  (local.set $left (i32.const 100))
  (loop $again
    (drop (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 0)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))";

/// A module of WASI 0.1 without a call, with these parts.
fn silent(parts: &str) -> Vec<u8> {
    wat::parse_str(format!(
        "(module (memory (export \"memory\") 1) {parts} (func (export \"_start\")))"
    ))
    .unwrap()
}

/// A component in which a module with these parts is instantiated so often.
fn instances(parts: &str, count: usize) -> Vec<u8> {
    let each = "(core instance (instantiate $taker))".repeat(count);
    let text = format!(
        "(component
          (core module $taker {parts})
          (core module $run (func (export \"run\") (result i32) (i32.const 0)))
          {each}
          (core instance $main (instantiate $run))
          (func $run (result (result)) (canon lift (core func $main \"run\")))
          (instance (export \"wasi:cli/run@0.2.0\") (export \"run\" (func $run))))"
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn takers() -> Vec<Taker> {
    let memory: [Change; 2] =
        [|it| it.max_memory_bytes = 16 << 20, |it| it.max_memory_bytes = 64 << 20];
    let disk: [Change; 2] =
        [|it| it.sandbox.max_scratch_bytes = 1 << 19, |it| it.sandbox.max_scratch_bytes = 1 << 20];
    let files: [Change; 2] = [|it| it.max_open_files = 64, |it| it.max_open_files = 256];
    let output: [Change; 2] =
        [|it| it.max_output_bytes = 1 << 19, |it| it.max_output_bytes = 1 << 20];
    let taker = |name, program, [too_little, enough]: [Change; 2]| Taker {
        name,
        program,
        too_little,
        enough,
    };
    let mut takers = vec![
        taker("memory-of-many, memories", silent(&"(memory 64)".repeat(7)), memory),
        taker("memory-of-many, instances", instances("(memory 64)", 8), memory),
    ];
    for (name, data, body, limits) in [
        ("memory", "", GROW, memory),
        ("fill-disk", "f", WRITE, disk),
        (
            "fill-disk, one file",
            "f",
            WRITE,
            [|it: &mut ProcessTarget| it.max_file_bytes = 1 << 19, |_| {}],
        ),
        ("open-files", ".", OPEN, files),
        ("flood", "", FLOOD, output),
    ] {
        let module = guests::module(data, body);
        takers.push(taker(name, component(&module), limits));
        takers.push(taker(name, module, limits));
    }
    takers
}

#[tokio::test]
async fn a_program_that_takes_too_much_is_refused_what_it_may_have_elsewhere() {
    let bench = Bench::new();
    for Taker { name, program, too_little, enough } in takers() {
        let (output, failure) = bench.run(with_target(bench.exchange(&program), too_little)).await;
        assert_eq!(failure.map(|it| it.kind()), Some(FailureKind::UpstreamError), "{name}");
        assert!(output.len() <= 1 << 19, "{name}");
        let (_, failure) = bench.run(with_target(bench.exchange(&program), enough)).await;
        assert!(failure.is_none(), "{name}: {}", told(&failure.unwrap()));
    }
    assert!(bench.left_behind().await.is_empty());
}

/// What has a number of its own, whatever memory there may be.
#[tokio::test]
async fn a_program_has_so_many_tables_memories_and_instances_and_no_more() {
    let bench = Bench::new();
    let rows = [
        (
            "tables",
            silent(&"(table 1 funcref)".repeat(64)),
            silent(&"(table 1 funcref)".repeat(65)),
        ),
        ("elements", silent("(table 100000 funcref)"), silent("(table 100001 funcref)")),
        ("memories", silent(&"(memory 0)".repeat(7)), silent(&"(memory 0)".repeat(8))),
    ];
    for (what, most, more) in rows {
        let (_, failure) = bench.run(bench.exchange(&most)).await;
        assert!(failure.is_none(), "{what}: {}", told(&failure.unwrap()));
        let (_, failure) = bench.run(bench.exchange(&more)).await;
        assert_eq!(failure.map(|it| it.kind()), Some(FailureKind::UpstreamError), "{what}");
    }
    for (count, runs) in [(60, true), (100, false)] {
        let (_, failure) = bench.run(bench.exchange(&instances("", count))).await;
        assert_eq!(failure.is_none(), runs, "{count} instances: {failure:?}");
    }
}
