#!/usr/bin/env bash
# Fuzzes every target for a bounded time, and fails if an input made one panic, hang or swell.
#
# Usage: tests/fuzz/run.sh [TARGET…]      (nothing named: all of them; `list` prints their names)
#
#   FUZZ_SECONDS  how long each target runs [10]
#   FUZZ_FOLDER   program, corpora and inputs that crash [target/fuzz]
#
# Corpora are kept: the next run goes on where this one ended. An input that crashes is run again
# by `FUZZ_TARGET=NAME target/fuzz/…/fuzz-target INPUT`. Needs a C++ compiler.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m "${FUZZ_FOLDER:-$here/../../target/fuzz}")
seconds=${FUZZ_SECONDS:-10}

# What libFuzzer needs of the compiler: a counter at every edge, and comparisons to learn from.
coverage="-C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4
  -C llvm-args=-sanitizer-coverage-inline-8bit-counters -C llvm-args=-sanitizer-coverage-pc-table
  -C llvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"

machine=$(rustc -vV | sed -n 's/^host: //p')
program=$folder/$machine/release/fuzz-target

# With a machine named, the flags reach no build script and no macro.
build() {
  (cd "$here" && RUSTFLAGS=$(echo $coverage) cargo build --release --locked \
    --target "$machine" --target-dir "$folder")
}

# Prints executions and, if an input was found, where it lies.
fuzz() {
  local name=$1 log=$folder/logs/$1.log status=0
  mkdir -p "$folder/corpus" "$folder/crashes" "$folder/logs"
  FUZZ_TARGET=$name FUZZ_SEEDS=$folder/corpus/$name "$program" "$folder/corpus/$name" \
    -dict="$folder/corpus/$name.dict" -max_total_time="$seconds" -max_len=6000 -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$folder/crashes/$name-" \
    >"$log" 2>&1 || status=$?
  local executions
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-28s %12s executions\n' "$name" "${executions:-?}"
  if [[ $status -ne 0 ]]; then
    # What went wrong, without the stack, and the input's file.
    sed -n '/panicked at/,/^note: run with\|^stack backtrace/p;/^SUMMARY/p' "$log" | uniq | head -30
    sed -n 's/.*Test unit written to /fuzz: the input is /p' "$log" | sort -u
    printf 'fuzz: %s failed, see %s\n' "$name" "$log"
    return 1
  fi
}

build
[[ ${1:-} == list ]] && exec env FUZZ_TARGET=list "$program"
targets=("$@")
[[ $# -gt 0 ]] || mapfile -t targets < <(FUZZ_TARGET=list "$program" 2>/dev/null)
failed=0
for target in "${targets[@]}"; do
  fuzz "$target" || failed=1
done
exit $failed
