//! The printed table.

use std::io::{self, Write};
use std::time::Duration;

use super::{Measured, PASSAGE, Plan, ShapeFigures};
use crate::affinity::Placement;
use crate::figures::Percentiles;
use crate::report::place;

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Prints all figures to standard output.
///
/// # Errors
/// Standard output is gone.
pub(super) fn print(plan: &Plan, measured: &Measured, placement: Placement) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "\nUpgrades of {} under {} requests/s, each compiled and proven anew; {}.",
        PASSAGE.title(),
        plan.rate,
        place(placement)
    )?;
    writeln!(
        out,
        "Upgrade: from the file in its place until the new generation serves. Latency: whole \
         reply, from the intended start.\n"
    )?;
    writeln!(
        out,
        "{:8} {:>9} {:>9} {:>9} {:>16} {:>16} {:>10} {:>8}",
        "",
        "upgrades",
        "p50 ms",
        "p99 ms",
        "quiet p50/p99 ms",
        "during p50/p99",
        "slowest",
        "replies"
    )?;
    for (shape, figures) in &measured.shapes {
        print_shape(&mut out, &format!("{shape:?}"), figures)?;
    }
    let (first, last) = (measured.after_warm_up.resident, measured.at_end.resident);
    writeln!(
        out,
        "\nResident memory: {:.1} MiB after {} upgrades, {:.1} MiB after {}: {:.2} times.",
        first as f64 / MEBIBYTE,
        super::WARM_UP,
        last as f64 / MEBIBYTE,
        super::WARM_UP + plan.upgrades / 2 * 2,
        last as f64 / first.max(1) as f64
    )
}

fn print_shape(out: &mut impl Write, title: &str, figures: &ShapeFigures) -> io::Result<()> {
    let times = Percentiles::of(figures.upgrades.clone());
    let pair = |it: Percentiles| format!("{:.2}/{:.2}", millis(it.p50), millis(it.p99));
    writeln!(
        out,
        "{title:8} {:>9} {:>9.0} {:>9.0} {:>16} {:>16} {:>10.1} {:>8}",
        figures.upgrades.len(),
        millis(times.p50),
        millis(times.p99),
        pair(figures.quiet),
        pair(figures.reloading),
        millis(figures.slowest),
        figures.replies
    )
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
