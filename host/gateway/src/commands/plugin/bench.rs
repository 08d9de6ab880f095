//! `patchbay plugin bench`

mod calls;
mod sample;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use authoring::Progress as _;
use plugin_runtime::{Grant, Limits, Origin, PluginStatus, Registry, Runtime, StockLimits};
use serde_json::json;

use super::check::described;
use super::component::read_named;
use super::progress::Steps;
use crate::commands::collection::print_json;
use crate::commands::table;
use crate::terminal;
use calls::{Measured, measure};

/// A plugin in a registry of its own, and how long it took to get there.
struct Loaded {
    registry: Registry,
    plugin: PluginStatus,
    took: Duration,
}

/// Measures a plugin: loading, and the calls of its kind with a fixed chat.
pub(in crate::commands) fn bench(file: &Path, settings: &str, json: bool) -> anyhow::Result<()> {
    let bytes = read_named(file)?;
    Steps.begin("compile");
    let none_ready = StockLimits { instances: 0, ..Limits::STANDARD.stock };
    let fresh = Loaded::try_new(&bytes, Limits { stock: none_ready, ..Limits::STANDARD })
        .with_context(|| file.display().to_string())?;
    let ready = Loaded::try_new(&bytes, Limits::STANDARD)?;
    Steps.begin("measure");
    let tasks = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = tasks.block_on(measure(&fresh, &ready, settings))?;
    if json {
        print_json(&document(&bytes, &fresh, &measured));
    } else {
        print(&bytes, &fresh, &measured);
    }
    Ok(())
}

impl Loaded {
    fn try_new(bytes: &[u8], limits: Limits) -> anyhow::Result<Self> {
        let registry = Registry::new(Runtime::start(limits)?);
        let begun = Instant::now();
        registry.install(bytes, Origin::Installed(None), Grant::default())?;
        let took = begun.elapsed();
        let plugin = registry.list().pop().context("it did not register")?;
        Ok(Self { registry, plugin, took })
    }
}

fn document(bytes: &[u8], loaded: &Loaded, measured: &Measured) -> serde_json::Value {
    let rows = measured.rows.iter().map(|row| {
        json!({
            "call": row.call,
            "answer": row.answer,
            "calls": row.sample.count(),
            "mean_us": row.sample.mean_us(),
            "p50_us": row.sample.percentile_us(50),
            "p99_us": row.sample.percentile_us(99),
        })
    });
    json!({
        "plugin": described(&loaded.plugin.manifest),
        "bytes": bytes.len(),
        "compile_ms": loaded.took.as_millis(),
        "instance_memory_bytes": measured.memory_bytes,
        "calls": rows.collect::<Vec<_>>(),
    })
}

fn print(bytes: &[u8], loaded: &Loaded, measured: &Measured) {
    let line = format!(
        "{}: {} bytes, compiled and started in {} ms, {} KiB of memory an instance",
        described(&loaded.plugin.manifest),
        bytes.len(),
        loaded.took.as_millis(),
        measured.memory_bytes / 1024,
    );
    terminal::say(&line);
    let rows: Vec<Vec<String>> = measured
        .rows
        .iter()
        .map(|row| {
            let sample = &row.sample;
            let figures = [sample.mean_us(), sample.percentile_us(50), sample.percentile_us(99)];
            let figures = figures.map(|it| format!("{it:.1}"));
            [row.call.to_owned(), row.answer.clone()].into_iter().chain(figures).collect()
        })
        .collect();
    table::print(&["CALL", "ANSWER", "MEAN µs", "P50 µs", "P99 µs"], &rows);
}
