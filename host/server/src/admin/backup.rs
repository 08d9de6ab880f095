//! `POST /admin/backup`

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use administration::BackupSummary;
use exchange::{Failure, FailureKind};
use futures_util::StreamExt as _;
use http::{HeaderName, HeaderValue, header};
use tempfile::TempDir;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use super::access::Administering;
use super::answer::Answer;
use super::asked::Asked;
use super::resources::Answered;

const CHECKSUM: HeaderName = HeaderName::from_static("x-patchbay-checksum");

/// What the names of directories with a backup that was not sent yet begin with.
pub const UNSENT_BACKUP: &str = "backup-";

/// Bytes that are read and sent at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Writes a backup to a directory of its own and sends it. The directory is gone before the
/// first byte is sent: what is left is the open file, which ends with the answer, however that
/// ends. If the caller leaves while the backup is written, there is no directory any more in
/// which it could be left.
pub(crate) async fn back_up(who: Administering, _: Asked) -> Answered {
    let parent = who.parts().backup_directory.clone();
    let room = off_thread(move || Room::open(&parent)).await?;
    let path = room.file();
    let summary = who.administration().back_up(who.acting(), &path).await?;
    let file = off_thread(move || room.close()).await?;
    let length = summary.bytes;
    let chunks = ReaderStream::with_capacity(File::from_std(file), CHUNK_BYTES)
        .map(|chunk| chunk.map_err(|error| unreadable(&error)));
    let answer = Answer::chunks("application/octet-stream", Box::pin(chunks), Some(length));
    Ok(with_headers(answer, &summary))
}

fn with_headers(answer: Answer, summary: &BackupSummary) -> Answer {
    let name = format!("attachment; filename=\"patchbay-{}.backup\"", summary.revision);
    let disposition = HeaderValue::try_from(name).expect("letters and digits are a header value");
    let answer = answer.with(header::CONTENT_DISPOSITION, disposition);
    match HeaderValue::from_str(&summary.checksum) {
        Ok(checksum) => answer.with(CHECKSUM, checksum),
        Err(_) => answer,
    }
}

/// A directory with one backup, removed when this is dropped.
struct Room(TempDir);

impl Room {
    fn open(parent: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNSENT_BACKUP).permissions(Permissions::from_mode(0o700));
        builder.tempdir_in(parent).map(Self)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("store.backup")
    }

    /// The file, open, and nothing but it.
    fn close(self) -> io::Result<fs::File> {
        let file = fs::File::open(self.file())?;
        self.0.close()?;
        Ok(file)
    }
}

/// Runs what may wait for the disk where that keeps nobody.
async fn off_thread<T: Send + 'static>(
    step: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(step).await.map_err(io::Error::other);
    done.flatten().map_err(|error| {
        let message = format!(
            "the backup cannot be kept until it is sent ({error}); look at the directory for \
             backups and the room on its disk"
        );
        Failure::new(FailureKind::StoreUnavailable, message)
    })
}

fn unreadable(error: &io::Error) -> Failure {
    let message = format!("the backup cannot be read ({error}); look at the disk");
    Failure::new(FailureKind::StoreUnavailable, message)
}
