//! The hidden roles: the benchmark runs itself again as each server it measures.
//!
//! A role prints `listening ADDRESS` on standard output and serves until its standard input
//! ends, so that it cannot outlive the benchmark.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Subcommand;
use tokio::net::TcpListener;

use crate::{hyper_proxy, mock, passthrough};

/// What a child process does.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Role {
    /// Answers as an upstream.
    #[command(hide = true)]
    Mock {
        /// Milliseconds between two events of a stream.
        #[arg(long)]
        event_interval_ms: u64,
    },
    /// Relays with nothing but hyper.
    #[command(hide = true)]
    HyperProxy {
        /// The mock's address.
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Relays with axum and reqwest.
    #[command(hide = true)]
    Passthrough {
        /// The mock's address.
        #[arg(long)]
        upstream: SocketAddr,
    },
}

impl Role {
    /// Serves until standard input ends.
    ///
    /// # Errors
    /// The runtime or the listener cannot be had.
    pub(crate) fn serve(self) -> Result<()> {
        // All roles use the runtime that a gateway uses; on one processor it has one worker.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        runtime.block_on(async {
            tokio::select! {
                ended = self.listen() => ended,
                () = standard_input_ended() => Ok(()),
            }
        })
    }

    async fn listen(self) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut output = std::io::stdout().lock();
        writeln!(output, "listening {address}")?;
        output.flush()?;
        drop(output);
        match self {
            Self::Mock { event_interval_ms } => {
                mock::serve(listener, Duration::from_millis(event_interval_ms)).await
            }
            Self::HyperProxy { upstream } => hyper_proxy::serve(listener, upstream).await,
            Self::Passthrough { upstream } => passthrough::serve(listener, upstream).await,
        }
    }
}

async fn standard_input_ended() {
    let (ended, wait) = tokio::sync::oneshot::channel();
    // A plain thread: tokio's own standard input would keep the runtime from shutting down.
    std::thread::spawn(move || {
        let mut byte = [0];
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
        // Nobody waits any more if the server ended first.
        let _ = ended.send(());
    });
    let _ = wait.await;
}
