# The sandbox on a kernel as Debian ships it, with control groups of version 2. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work, here, root: set before

machine=$work/kernel

# The machine is emulated, so it needs nothing of the processor, and is some fifteen times slower
# than the host: half an hour, most of it for starts of gvisor and podman. It has no network, and its
# disk is not written to.
accept_kernel() {
  say "kernel: the sandbox's tests in a machine with Debian's kernel"
  need_machine
  compile_sandbox_tests
  make_disk
  run_machine
  grep -aoE 'kernel: .*|works: .*|^test result: .*' "$machine/console.log" >&2
}

# A Debian with its kernel and the drivers' tools, and an emulator. Needs root.
need_machine() {
  [[ -e $machine/tree/vmlinuz ]] && return
  say "kernel: installing Debian into a directory: about two minutes"
  mkdir -p "$machine"
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    qemu-system-x86 mmdebstrap e2fsprogs >"$machine/apt.log" 2>&1 ||
    fail "packages cannot be installed; see $machine/apt.log"
  rm -rf "$machine/part"
  mmdebstrap --variant=minbase \
    --include=linux-image-cloud-amd64,iproute2,bubblewrap,podman,runc,conmon,runsc \
    bookworm "$machine/part" >"$machine/apt.log" 2>&1 ||
    fail "Debian cannot be installed; see $machine/apt.log"
  mv "$machine/part" "$machine/tree"
}

# Leaves the crate's two test programs where the machine finds them.
compile_sandbox_tests() {
  local programs=$machine/tree/acceptance
  rm -rf "$programs"
  mkdir -p "$programs"
  cp "$here/kernel/init" "$programs/init"
  (cd "$root" && cargo test -p sandbox --lib --tests --no-run --locked --message-format json) \
    2>"$machine/build.log" |
    sed -n 's/.*"name":"\([a-z]*\)".*"executable":"\([^"]*\)".*/\1 \2/p' |
    while read -r name program; do cp "$program" "$programs/$name"; done ||
    true
  [[ -x $programs/sandbox && -x $programs/drivers ]] ||
    fail "the tests of the sandbox do not compile; see $machine/build.log"
}

make_disk() {
  rm -f "$machine/disk"
  mke2fs -q -t ext4 -d "$machine/tree" "$machine/disk" 2G >"$machine/disk.log" 2>&1 ||
    fail "no disk can be made; see $machine/disk.log"
}

# Its kernel has drivers for this disk and this file system built in, so it boots without more.
run_machine() {
  local minutes=${KERNEL_MINUTES:-60}
  timeout --kill-after=10 "${minutes}m" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -smp 2 -m 3G -nographic -no-reboot -nic none \
    -kernel "$machine/tree/vmlinuz" \
    -append "console=ttyS0 root=/dev/nvme0n1 rw init=/acceptance/init panic=-1 loglevel=1" \
    -drive "if=none,id=disk,file=$machine/disk,format=raw,snapshot=on" \
    -device nvme,drive=disk,serial=disk </dev/null >"$machine/console.log" 2>&1 ||
    fail "the machine did not end within $minutes minutes; see $machine/console.log"
  # A line of a terminal ends with two characters.
  sed -i 's/\r$//' "$machine/console.log"
  grep -aq '^kernel: 0$' "$machine/console.log" || {
    grep -aE 'panicked|FAILED|kernel: ' "$machine/console.log" >&2 || true
    fail "the sandbox does not keep what it promises on that kernel; see $machine/console.log"
  }
}
