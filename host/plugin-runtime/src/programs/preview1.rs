//! What a core module may import: WASI 0.1, whose functions that take room in the scratch
//! directory ask for it first.
//!
//! The host's own function is called afterwards with the same arguments, by the module that
//! wasmtime generates it from.

use std::time::Duration;

use wasmtime::{AsContextMut as _, Caller, Extern, Linker};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::types::{Fd, Fdflags, Filetype};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as host, WasiSnapshotPreview1 as _};
use wiggle::GuestMemory;

use super::quota::Refusal;
use super::state::ProgramState;

const MODULE: &str = "wasi_snapshot_preview1";
/// Error numbers of WASI 0.1 (`errno` in `wasi_snapshot_preview1.witx`).
const FBIG: i32 = 22;
const INVAL: i32 = 28;
const NOSPC: i32 = 51;
const FAULT: i32 = 21;
const EVENT_BYTES: usize = 32;
const CREAT: i32 = 1;
/// Longest vector of buffers (`IOV_MAX`).
const MAX_VECTOR: u32 = 1024;

/// Defines everything.
///
/// # Errors
/// Not for any program's sake: only if the names here clash.
pub(super) fn link(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_async(linker, |state: &mut ProgramState| &mut state.wasi)?;
    linker.allow_shadowing(true);
    link_writes(linker)?;
    // The host's own function takes codes below 126 alone; a process has eight bits.
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(I32Exit(code & 0xff).into())
    })?;
    link_sleep(linker)?;
    link_open(linker)?;
    link_entries(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn link_writes(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "fd_write",
        |mut caller: Caller<'_, ProgramState>, (fd, buffers, count, out): (i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if let Err(errno) =
                    ask_to_write(&mut memory, state, (fd, buffers, count), None).await
                {
                    return Ok(errno);
                }
                host::fd_write(&mut state.wasi, &mut memory, fd, buffers, count, out).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_pwrite",
        |mut caller: Caller<'_, ProgramState>,
         (fd, buffers, count, offset, out): (i32, i32, i32, i64, i32)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                let at = Some(offset.cast_unsigned());
                if let Err(errno) = ask_to_write(&mut memory, state, (fd, buffers, count), at).await
                {
                    return Ok(errno);
                }
                host::fd_pwrite(&mut state.wasi, &mut memory, fd, buffers, count, offset, out).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "fd_filestat_set_size",
        |mut caller: Caller<'_, ProgramState>, (fd, size): (i32, i64)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if let Err(errno) = ask_to_grow(&mut memory, state, fd, size.cast_unsigned()).await
                {
                    return Ok(errno);
                }
                host::fd_filestat_set_size(&mut state.wasi, &mut memory, fd, size).await
            })
        },
    )?;
    Ok(())
}

fn link_open(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_open",
        |mut caller: Caller<'_, ProgramState>,
         (fd, look, path, length, open, base, inherited, flags, out): (
            i32,
            i32,
            i32,
            i32,
            i32,
            i64,
            i64,
            i32,
            i32,
        )| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if open & CREAT != 0
                    && let Err(refusal) = state.quota.add_entry()
                {
                    return Ok(errno(refusal));
                }
                let (wasi, memory) = (&mut state.wasi, &mut memory);
                host::path_open(
                    wasi, memory, fd, look, path, length, open, base, inherited, flags, out,
                )
                .await
            })
        },
    )?;
    Ok(())
}

fn link_entries(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "path_create_directory",
        |mut caller: Caller<'_, ProgramState>, (fd, path, length): (i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if let Err(refusal) = state.quota.add_entry() {
                    return Ok(errno(refusal));
                }
                host::path_create_directory(&mut state.wasi, &mut memory, fd, path, length).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_symlink",
        |mut caller: Caller<'_, ProgramState>,
         (old, old_length, fd, new, new_length): (i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if let Err(refusal) = state.quota.add_entry() {
                    return Ok(errno(refusal));
                }
                let (wasi, memory) = (&mut state.wasi, &mut memory);
                host::path_symlink(wasi, memory, old, old_length, fd, new, new_length).await
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "path_link",
        |mut caller: Caller<'_, ProgramState>,
         (old_fd, flags, old, old_length, fd, new, new_length): (
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        )| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                if let Err(refusal) = state.quota.add_entry() {
                    return Ok(errno(refusal));
                }
                let (wasi, memory) = (&mut state.wasi, &mut memory);
                host::path_link(wasi, memory, old_fd, flags, old, old_length, fd, new, new_length)
                    .await
            })
        },
    )?;
    Ok(())
}

/// The host's own function sleeps with the thread where a program waits for one timer alone, and
/// then nothing could end it.
fn link_sleep(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "poll_oneoff",
        |mut caller: Caller<'_, ProgramState>,
         (subscriptions, events, count, out): (i32, i32, i32, i32)| {
            Box::new(async move {
                let (mut memory, state) = parts(&mut caller)?;
                let timer = if count == 1 { timer(&memory, subscriptions) } else { None };
                let Some(timer) = timer else {
                    let (wasi, memory) = (&mut state.wasi, &mut memory);
                    return host::poll_oneoff(wasi, memory, subscriptions, events, count, out)
                        .await;
                };
                tokio::time::sleep(timer.length).await;
                let told = memory_at(&mut memory, events).map(|event: &mut [u8; EVENT_BYTES]| {
                    *event = timer.event;
                });
                let counted = memory_at(&mut memory, out).map(|out| *out = 1_u32.to_le_bytes());
                Ok(if told.and(counted).is_some() { 0 } else { FAULT })
            })
        },
    )?;
    Ok(())
}

/// One timer that is waited for.
struct Timer {
    length: Duration,
    /// What the program is told then.
    event: [u8; EVENT_BYTES],
}

/// The timer of a `subscription` (48 bytes: user data, kind, clock, length at 24, flags at 40), if
/// it is one that passes after a while.
fn timer(memory: &GuestMemory<'_>, subscription: i32) -> Option<Timer> {
    let GuestMemory::Unshared(bytes) = memory else { return None };
    let start = subscription.cast_unsigned() as usize;
    let subscription = bytes.get(start..)?.first_chunk::<48>()?;
    let is_relative_timer = subscription[8] == 0 && subscription[40] & 1 == 0;
    let length = subscription[24..].first_chunk()?;
    let mut event = [0; EVENT_BYTES];
    // User data; error 0 and kind 0 are success of a timer.
    event[..8].copy_from_slice(&subscription[..8]);
    let length = Duration::from_nanos(u64::from_le_bytes(*length));
    is_relative_timer.then_some(Timer { length, event })
}

fn memory_at<'a, const N: usize>(
    memory: &'a mut GuestMemory<'_>,
    address: i32,
) -> Option<&'a mut [u8; N]> {
    let GuestMemory::Unshared(bytes) = memory else { return None };
    bytes.get_mut(address.cast_unsigned() as usize..)?.first_chunk_mut()
}

/// The program's memory and the host's data, as the host's functions take them.
fn parts<'a>(
    caller: &'a mut Caller<'_, ProgramState>,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut ProgramState)> {
    let fuel = caller.as_context_mut().hostcall_fuel();
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(wasmtime::Error::msg("the program exports no memory"));
    };
    let (bytes, state) = memory.data_and_store_mut(caller);
    state.wasi.set_hostcall_fuel(fuel);
    Ok((GuestMemory::Unshared(bytes), state))
}

/// Asks for the room of what the host is going to write: the first buffer that is not empty.
/// Whatever is wrong with descriptor or buffers the host says itself.
async fn ask_to_write(
    memory: &mut GuestMemory<'_>,
    state: &mut ProgramState,
    (fd, buffers, count): (i32, i32, i32),
    at: Option<u64>,
) -> Result<(), i32> {
    let handle = || Fd::from(fd.cast_unsigned());
    let Ok(stat) = state.wasi.fd_fdstat_get(memory, handle()).await else { return Ok(()) };
    if stat.fs_filetype != Filetype::RegularFile {
        return Ok(());
    }
    let length = first_length(memory, buffers.cast_unsigned(), count.cast_unsigned())?;
    let start = if stat.fs_flags.contains(Fdflags::APPEND) {
        size(memory, state, fd).await
    } else {
        at.or_else(|| state.wasi.fd_tell(memory, handle()).ok())
    };
    let Some(start) = start else { return Ok(()) };
    let end = start.checked_add(length).ok_or(FBIG)?;
    let Some(now) = size(memory, state, fd).await else { return Ok(()) };
    if length == 0 { Ok(()) } else { state.quota.grow(now, end).map_err(errno) }
}

async fn ask_to_grow(
    memory: &mut GuestMemory<'_>,
    state: &mut ProgramState,
    fd: i32,
    to: u64,
) -> Result<(), i32> {
    match size(memory, state, fd).await {
        Some(now) => state.quota.grow(now, to).map_err(errno),
        None => Ok(()),
    }
}

async fn size(memory: &mut GuestMemory<'_>, state: &mut ProgramState, fd: i32) -> Option<u64> {
    let stat = state.wasi.fd_filestat_get(memory, Fd::from(fd.cast_unsigned())).await;
    stat.ok().map(|stat| stat.size)
}

/// Length of the first buffer that is not empty; `ciovec` is address and length.
fn first_length(memory: &GuestMemory<'_>, buffers: u32, count: u32) -> Result<u64, i32> {
    let GuestMemory::Unshared(bytes) = memory else { return Err(INVAL) };
    if count > MAX_VECTOR {
        return Err(INVAL);
    }
    let start = buffers as usize;
    // One that reaches out of memory is the host's to refuse.
    let vector = bytes.get(start..start.saturating_add(8 * count as usize)).unwrap_or_default();
    let lengths = vector
        .as_chunks::<8>()
        .0
        .iter()
        .map(|[_, _, _, _, a, b, c, d]| u64::from(u32::from_le_bytes([*a, *b, *c, *d])));
    Ok(lengths.into_iter().find(|length| *length > 0).unwrap_or_default())
}

fn errno(refusal: Refusal) -> i32 {
    match refusal {
        Refusal::FileTooLarge => FBIG,
        Refusal::NoSpace => NOSPC,
    }
}
