//! The printed table.

use std::io::{self, Write};

use super::cost::Cost;
use super::passage::Passage;
use super::{Measured, Plan};
use crate::affinity::Placement;
use crate::figures::{MemoryFigures, Saturation};
use crate::report::{memory_heading, memory_row, place, spacing};
use crate::vendor::Shape;

/// Prints all figures to standard output.
///
/// # Errors
/// Standard output is gone.
pub(super) fn print(plan: &Plan, measured: &Measured, placement: Placement) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\nMedian of {} round(s); {}.", plan.rounds, place(placement))?;
    writeln!(
        out,
        "CPU of the gateway's process: {} connections without a pause for {:.1} s; events of a \
         stream each flushed by itself, {}.\nA chunk is (stream - unary) / 100. busy: the \
         gateway's share of its processor, unary and stream.\nover: more than the verbatim relay \
         of this run; the aim is up to 100 µs a request and 8 µs a chunk.",
        plan.connections,
        plan.saturation.as_secs_f64(),
        spacing(plan.event_interval)
    )?;
    writeln!(out, "\nresident memory, MiB")?;
    memory_heading(&mut out)?;
    memory_row(&mut out, "gateway", MemoryFigures::median(&measured.memory))?;
    writeln!(out, "\ntranslation")?;
    writeln!(
        out,
        "  {:<28}{:>12} {:>7} {:>12} {:>7} {:>13}",
        "", "unary CPU µs", "over", "chunk CPU µs", "over", "busy"
    )?;
    let verbatim = cost(measured, Passage::Verbatim);
    for passage in Passage::ALL {
        write!(out, "  {:<28}", passage.title())?;
        if let Some(cost) = cost(measured, passage) {
            let over = verbatim.filter(|_| passage != Passage::Verbatim).map(|it| cost.over(it));
            write_cost(&mut out, cost, over)?;
        }
        let busy = [Shape::Whole, Shape::Stream].map(|shape| busy(measured, passage, shape));
        writeln!(out, " {:>6} {:>6}", busy[0], busy[1])?;
    }
    Ok(())
}

fn write_cost(out: &mut impl Write, cost: Cost, over: Option<Cost>) -> io::Result<()> {
    let unary = over.map(|over| format!("{:+.1}", over.unary)).unwrap_or_default();
    let chunk = over.map(|over| format!("{:+.2}", over.chunk)).unwrap_or_default();
    write!(out, "{:>12.1} {unary:>7} {:>12.2} {chunk:>7}", cost.unary, cost.chunk)
}

fn median(measured: &Measured, passage: Passage, shape: Shape) -> Option<Saturation> {
    Saturation::median(measured.passages.get(&(passage, shape))?.iter().copied())
}

fn cost(measured: &Measured, passage: Passage) -> Option<Cost> {
    let of = |shape| median(measured, passage, shape);
    Cost::of(&of(Shape::Whole)?, &of(Shape::Stream)?)
}

fn busy(measured: &Measured, passage: Passage, shape: Shape) -> String {
    let share = median(measured, passage, shape).and_then(|figures| figures.busy);
    share.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default()
}
