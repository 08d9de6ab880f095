//! The printed tables.

use std::io::{self, Write};
use std::time::Duration;

use crate::affinity::Placement;
use crate::case::Case;
use crate::figures::{CaseFigures, MemoryFigures, Percentiles, micros};
use crate::measure::{Measured, Plan, Target};
use crate::replies::STREAM_CHUNKS;

/// Figures of one target beside the two it is compared with.
struct Row<'a> {
    target: &'a Target,
    figures: CaseFigures,
    direct: Option<CaseFigures>,
    yardstick: Option<CaseFigures>,
}

/// Prints all figures to standard output.
///
/// # Errors
/// Standard output is gone.
pub(crate) fn print(plan: &Plan, measured: &Measured, placement: Placement) -> io::Result<()> {
    let mut out = io::stdout().lock();
    explain(&mut out, plan, placement)?;
    for case in &plan.cases {
        print_case(&mut out, &rows(plan, measured, *case), *case)?;
    }
    print_chunks(&mut out, plan, measured)?;
    print_memory(&mut out, plan, measured)
}

fn explain(out: &mut impl Write, plan: &Plan, placement: Placement) -> io::Result<()> {
    writeln!(out, "\nMedian of {} round(s); {}.", plan.rounds, place(placement))?;
    writeln!(
        out,
        "Latency: {} requests/s for {:.1} s, counted from the intended start; \"added\" is over \
         the direct call.",
        plan.rate,
        plan.latency.as_secs_f64()
    )?;
    writeln!(
        out,
        "CPU of the server process and requests/s: {} connections without a pause for {:.1} s; \
         events of a stream each flushed by itself, {}.",
        plan.connections,
        plan.saturation.as_secs_f64(),
        spacing(plan.event_interval)
    )?;
    writeln!(
        out,
        "×pt: ratio to the pass-through of this run. busy: the server's share of its processor; \
         well below 100 % the load\ngenerator or the mock was the limit, and requests/s is theirs."
    )
}

/// Where what runs, in words.
pub(crate) fn place(placement: Placement) -> String {
    match placement {
        Placement::Pinned { server, load } => {
            format!("server under test on processor {server}, load generator and mock on {load}")
        }
        Placement::Shared => "one processor for everything, so the figures say little".to_owned(),
    }
}

/// How far apart the events of a stream are, in words.
pub(crate) fn spacing(event_interval: Duration) -> String {
    match event_interval {
        Duration::ZERO => "without a pause".to_owned(),
        interval => format!("{} ms apart", interval.as_millis()),
    }
}

fn rows<'a>(plan: &'a Plan, measured: &Measured, case: Case) -> Vec<Row<'a>> {
    let median = |target: &Target| {
        let rounds = measured.cases.get(&(target.clone(), case))?;
        CaseFigures::median(rounds)
    };
    let direct = median(&Target::Direct);
    let yardstick = median(&Target::Passthrough);
    let row = |target| median(target).map(|figures| Row { target, figures, direct, yardstick });
    plan.targets.iter().filter_map(row).collect()
}

fn print_case(out: &mut impl Write, rows: &[Row<'_>], case: Case) -> io::Result<()> {
    writeln!(out, "\n{}", case.title())?;
    writeln!(
        out,
        "  {:<13}{} {:>9} {:>5} {:>10} {:>5} {:>5}",
        "", LATENCY_HEADING, "CPU µs", "×pt", "requests/s", "×pt", "busy"
    )?;
    for row in rows {
        write!(out, "  {:<13}", row.target.title())?;
        row.write_latency(out, |figures| Some(figures.whole))?;
        row.write_saturation(out)?;
    }
    if case != Case::Stream {
        return Ok(());
    }
    writeln!(out, "\n{}, until the first event", case.title())?;
    writeln!(out, "  {:<13}{LATENCY_HEADING}", "")?;
    for row in rows {
        write!(out, "  {:<13}", row.target.title())?;
        row.write_latency(out, |figures| figures.first_event)?;
        writeln!(out)?;
    }
    Ok(())
}

const LATENCY_HEADING: &str = "  p50 µs   p99 µs  added p50   ×pt  added p99   ×pt";

impl Row<'_> {
    fn write_latency(
        &self,
        out: &mut impl Write,
        part: fn(CaseFigures) -> Option<Percentiles>,
    ) -> io::Result<()> {
        let Some(ours) = part(self.figures) else {
            return Ok(());
        };
        write!(out, "{:>8.0} {:>8.0}", micros(ours.p50), micros(ours.p99))?;
        let others = self.direct.filter(|_| *self.target != Target::Direct);
        let Some(direct) = others.and_then(part) else {
            return write!(out, "{:>35}", "");
        };
        let (p50, p99) = ours.added_us(direct);
        let yardstick = self.yardstick.and_then(part);
        let added = yardstick.map(|yardstick| yardstick.added_us(direct));
        write!(
            out,
            " {p50:>10.0} {:>5} {p99:>10.0} {:>5} ",
            ratio(p50, added.map(|added| added.0)),
            ratio(p99, added.map(|added| added.1)),
        )
    }

    fn write_saturation(&self, out: &mut impl Write) -> io::Result<()> {
        let ours = self.figures.saturation;
        let yardstick = self.yardstick.map(|other| other.saturation);
        let rate = ours.requests_per_second;
        let rate_ratio = ratio(rate, yardstick.map(|other| other.requests_per_second));
        let (processor, processor_ratio, busy) = match ours.processor.map(micros) {
            None => Default::default(),
            Some(us) => {
                let theirs = yardstick.and_then(|other| other.processor).map(micros);
                let busy = ours.busy.unwrap_or_default() * 100.0;
                (format!("{us:.1}"), ratio(us, theirs), format!("{busy:.0} %"))
            }
        };
        writeln!(out, " {processor:>9} {processor_ratio:>5} {rate:>10.0} {rate_ratio:>5} {busy:>5}")
    }
}

/// `ours / theirs`, or nothing where that would not mean anything.
fn ratio(ours: f64, theirs: Option<f64>) -> String {
    match theirs {
        Some(theirs) if theirs > 0.0 && ours > 0.0 => format!("{:.2}", ours / theirs),
        _ => "-".to_owned(),
    }
}

/// Processor time of a chunk: the stream's share beyond a unary request, and the whole stream's.
fn print_chunks(out: &mut impl Write, plan: &Plan, measured: &Measured) -> io::Result<()> {
    let chunks = STREAM_CHUNKS as f64;
    let processor = |target: &Target, case| {
        let rounds = measured.cases.get(&(target.clone(), case))?;
        CaseFigures::median(rounds)?.saturation.processor.map(micros)
    };
    let beyond = |target: &Target| {
        let stream = processor(target, Case::Stream)?;
        Some((stream - processor(target, Case::Unary)?) / chunks)
    };
    let whole = |target: &Target| Some(processor(target, Case::Stream)? / chunks);
    if plan.targets.iter().all(|target| whole(target).is_none()) {
        return Ok(());
    }
    writeln!(out, "\nCPU µs of one streamed chunk")?;
    writeln!(
        out,
        "  {:<13}{:>24} {:>5} {:>14} {:>5}",
        "", "(stream - unary) / 100", "×pt", "stream / 100", "×pt"
    )?;
    for target in &plan.targets {
        let Some(share) = whole(target) else { continue };
        let (extra, extra_ratio) = match beyond(target) {
            Some(us) => (format!("{us:.2}"), ratio(us, beyond(&Target::Passthrough))),
            None => Default::default(),
        };
        let share_ratio = ratio(share, whole(&Target::Passthrough));
        writeln!(
            out,
            "  {:<13}{extra:>24} {extra_ratio:>5} {share:>14.2} {share_ratio:>5}",
            target.title()
        )?;
    }
    Ok(())
}

fn print_memory(out: &mut impl Write, plan: &Plan, measured: &Measured) -> io::Result<()> {
    writeln!(out, "\nresident memory, MiB")?;
    memory_heading(out)?;
    for target in &plan.targets {
        let Some(rounds) = measured.memory.get(target) else {
            continue;
        };
        memory_row(out, target.title(), MemoryFigures::median(rounds))?;
    }
    Ok(())
}

/// What stands above [`memory_row`].
///
/// # Errors
/// The output is gone.
pub(crate) fn memory_heading(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "  {:<13}{:>8} {:>8} {:>10} {:>12}",
        "", "idle", "peak", "after load", "after / idle"
    )
}

/// Memory of one server.
///
/// # Errors
/// The output is gone.
pub(crate) fn memory_row(
    out: &mut impl Write,
    title: &str,
    memory: MemoryFigures,
) -> io::Result<()> {
    let mebibytes = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    writeln!(
        out,
        "  {title:<13}{:>8.1} {:>8.1} {:>10.1} {:>12}",
        mebibytes(memory.idle),
        mebibytes(memory.peak),
        mebibytes(memory.after),
        ratio(memory.after as f64, Some(memory.idle as f64))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_without_meaning_is_not_printed() {
        assert_eq!(ratio(3.0, Some(2.0)), "1.50");
        assert_eq!(ratio(-3.0, Some(2.0)), "-");
        assert_eq!(ratio(3.0, Some(0.0)), "-");
        assert_eq!(ratio(3.0, None), "-");
    }
}
