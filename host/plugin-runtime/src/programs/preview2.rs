//! What a component may import: `wasi:cli` 0.2, whose functions that take room in the scratch
//! directory ask for it first. Sockets are there because toolchains import them unasked; each call
//! is refused.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor as _, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{
    DynOutputStream, FsError, FsResult, OutputStream, Pollable, StreamError, StreamResult,
};

use super::quota::{Quota, Refusal};
use super::state::ProgramState;

/// The interface as wasmtime-wasi defines it. The test of a component that fills its directory
/// fails if that changes.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

type Store<'a> = StoreContextMut<'a, ProgramState>;
type Fd = Resource<Descriptor>;

/// Defines everything.
///
/// # Errors
/// Not for any program's sake: only if the names here clash.
pub(super) fn link(linker: &mut Linker<ProgramState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    link_writes(&mut types)?;
    link_streams(&mut types)?;
    link_entries(&mut types)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn link_writes(types: &mut LinkerInstance<'_, ProgramState>) -> wasmtime::Result<()> {
    types.func_wrap_async(
        "[method]descriptor.write",
        |mut store: Store<'_>, (fd, bytes, offset): (Fd, Vec<u8>, u64)| {
            Box::new(async move {
                let state = store.data_mut();
                let written = match grow(state, &fd, offset, bytes.len() as u64) {
                    Ok(()) => state.wasi.filesystem().write(fd, bytes, offset).await,
                    Err(error) => Err(error),
                };
                Ok((answer(written)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.set-size",
        |mut store: Store<'_>, (fd, size): (Fd, u64)| {
            Box::new(async move {
                let state = store.data_mut();
                let set = match grow(state, &fd, size, 0) {
                    Ok(()) => state.wasi.filesystem().set_size(fd, size).await,
                    Err(error) => Err(error),
                };
                Ok((answer(set)?,))
            })
        },
    )
}

fn link_streams(types: &mut LinkerInstance<'_, ProgramState>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |mut store: Store<'_>, (fd, offset): (Fd, u64)| {
            let state = store.data_mut();
            let borrowed = Resource::new_borrow(fd.rep());
            let stream = state.wasi.filesystem().write_via_stream(borrowed, offset);
            let stream = stream.and_then(|stream| count(state, &fd, stream, Some(offset)));
            Ok((answer(stream)?,))
        },
    )?;
    types.func_wrap("[method]descriptor.append-via-stream", |mut store: Store<'_>, (fd,): (Fd,)| {
        let state = store.data_mut();
        let borrowed = Resource::new_borrow(fd.rep());
        let stream = state.wasi.filesystem().append_via_stream(borrowed);
        let stream = stream.and_then(|stream| count(state, &fd, stream, None));
        Ok((answer(stream)?,))
    })
}

fn link_entries(types: &mut LinkerInstance<'_, ProgramState>) -> wasmtime::Result<()> {
    types.func_wrap_async(
        "[method]descriptor.open-at",
        |mut store: Store<'_>,
         (fd, look, path, open, flags): (Fd, PathFlags, String, OpenFlags, DescriptorFlags)| {
            Box::new(async move {
                let state = store.data_mut();
                let room = if open.contains(OpenFlags::CREATE) { entry(state) } else { Ok(()) };
                let opened = match room {
                    Ok(()) => state.wasi.filesystem().open_at(fd, look, path, open, flags).await,
                    Err(error) => Err(error),
                };
                Ok((answer(opened)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.create-directory-at",
        |mut store: Store<'_>, (fd, path): (Fd, String)| {
            Box::new(async move {
                let state = store.data_mut();
                let made = match entry(state) {
                    Ok(()) => state.wasi.filesystem().create_directory_at(fd, path).await,
                    Err(error) => Err(error),
                };
                Ok((answer(made)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.symlink-at",
        |mut store: Store<'_>, (fd, old, new): (Fd, String, String)| {
            Box::new(async move {
                let state = store.data_mut();
                let made = match entry(state) {
                    Ok(()) => state.wasi.filesystem().symlink_at(fd, old, new).await,
                    Err(error) => Err(error),
                };
                Ok((answer(made)?,))
            })
        },
    )?;
    types.func_wrap_async(
        "[method]descriptor.link-at",
        |mut store: Store<'_>, (fd, look, old, to, new): (Fd, PathFlags, String, Fd, String)| {
            Box::new(async move {
                let state = store.data_mut();
                let made = match entry(state) {
                    Ok(()) => state.wasi.filesystem().link_at(fd, look, old, to, new).await,
                    Err(error) => Err(error),
                };
                Ok((answer(made)?,))
            })
        },
    )
}

fn answer<T>(result: FsResult<T>) -> wasmtime::Result<Result<T, ErrorCode>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

fn refused(refusal: Refusal) -> FsError {
    match refusal {
        Refusal::FileTooLarge => ErrorCode::FileTooLarge.into(),
        Refusal::NoSpace => ErrorCode::InsufficientSpace.into(),
    }
}

fn entry(state: &ProgramState) -> FsResult<()> {
    state.quota.add_entry().map_err(refused)
}

/// Asks for the room of a file that is written from `offset`. What is no file the host refuses.
fn grow(state: &mut ProgramState, fd: &Fd, offset: u64, length: u64) -> FsResult<()> {
    let Some(file) = file(state, fd)? else { return Ok(()) };
    let end = offset.checked_add(length).ok_or(ErrorCode::FileTooLarge)?;
    state.quota.grow(file.metadata()?.len(), end).map_err(refused)
}

fn file(state: &mut ProgramState, fd: &Fd) -> FsResult<Option<Arc<std::fs::File>>> {
    let table = state.wasi.filesystem().table;
    Ok(match table.get(fd)? {
        Descriptor::File(file) => Some(Arc::clone(&file.file)),
        Descriptor::Dir(_) => None,
    })
}

/// Puts a stream that asks for room in the place of one that does not.
fn count(
    state: &mut ProgramState,
    fd: &Fd,
    stream: Resource<DynOutputStream>,
    position: Option<u64>,
) -> FsResult<Resource<DynOutputStream>> {
    let Some(file) = file(state, fd)? else { return Ok(stream) };
    let quota = state.quota.clone();
    let table = state.wasi.filesystem().table;
    let inner = table.delete(stream)?;
    let counted: DynOutputStream = Box::new(CountedStream { inner, file, quota, position });
    Ok(table.push(counted)?)
}

/// Output to a file.
struct CountedStream {
    inner: DynOutputStream,
    file: Arc<std::fs::File>,
    quota: Quota,
    /// Where the next byte goes; at the end if absent.
    position: Option<u64>,
}

impl CountedStream {
    fn ask(&mut self, length: usize) -> StreamResult<()> {
        let failed = |error: io::Error| StreamError::LastOperationFailed(error.into());
        let size = self.file.metadata().map_err(failed)?.len();
        let end = self.position.unwrap_or(size).saturating_add(length as u64);
        self.quota.grow(size, end).map_err(|refusal| failed(refusal.into()))?;
        if let Some(position) = &mut self.position {
            *position = end;
        }
        Ok(())
    }
}

#[async_trait]
impl Pollable for CountedStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl OutputStream for CountedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ask(bytes.len())?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.inner.ready().await;
        self.ask(bytes.len())?;
        self.inner.blocking_write_and_flush(bytes).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
