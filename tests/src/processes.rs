//! Looks for processes by their arguments.

use std::time::Duration;

use anyhow::Result;

use crate::patience::patiently;

/// Pause between two looks: the kernel tells nobody when a process of somebody else begins.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Waits until a process with exactly these arguments, its program included, is there.
///
/// # Errors
/// It does not come.
pub async fn appears(arguments: &[&str]) -> Result<()> {
    look_until(arguments, true).await
}

/// Waits until no process with exactly these arguments is left.
///
/// # Errors
/// It does not go.
pub async fn disappears(arguments: &[&str]) -> Result<()> {
    look_until(arguments, false).await
}

async fn look_until(arguments: &[&str], wanted: bool) -> Result<()> {
    let command_line = command_line(arguments);
    let what = if wanted { "begin" } else { "end" };
    patiently(&format!("{arguments:?} to {what}"), async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while is_running(&command_line) != wanted {
            looks.tick().await;
        }
    })
    .await
}

/// As `/proc/PID/cmdline` shows it: every argument ends with a NUL.
fn command_line(arguments: &[&str]) -> Vec<u8> {
    let ended = arguments.iter().map(|argument| format!("{argument}\0"));
    ended.collect::<String>().into_bytes()
}

fn is_running(command_line: &[u8]) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return false;
    };
    entries.flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|text| text == command_line)
    })
}
