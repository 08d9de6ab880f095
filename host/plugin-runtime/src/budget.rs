//! What all instances of the process share, and what one of them has taken of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use crate::limits::{InstanceLimits, Limits};

/// Number and memory of all instances, capped.
#[derive(Debug)]
pub(crate) struct Budget {
    instances: Gauge,
    memory: Gauge,
}

#[derive(Debug)]
struct Gauge {
    used: AtomicUsize,
    most: usize,
}

/// One instance's share of the budget, given back when dropped. Decides on each growth of the
/// instance, and remembers what it refused.
pub(crate) struct Meter {
    budget: Arc<Budget>,
    limits: InstanceLimits,
    memory_bytes: usize,
    last_growth: usize,
    refusal: Option<&'static str>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            instances: Gauge::new(limits.live_instances as usize),
            memory: Gauge::new(limits.total_memory_bytes),
        }
    }

    /// Takes the share of one more instance, or `None` if there are as many as may be.
    pub(crate) fn meter(self: &Arc<Self>, limits: InstanceLimits) -> Option<Meter> {
        self.instances.take(1).then(|| Meter {
            budget: Arc::clone(self),
            limits,
            memory_bytes: 0,
            last_growth: 0,
            refusal: None,
        })
    }

    /// Whether so much is left that ready instances may be made: they must not take what
    /// exchanges of other plugins need.
    pub(crate) fn has_spare(&self) -> bool {
        self.instances.is_below_half() && self.memory.is_below_half()
    }

    /// Instances that exist now.
    pub(crate) fn live_instances(&self) -> usize {
        self.instances.used.load(Ordering::Relaxed)
    }

    /// Their linear memory.
    pub(crate) fn live_memory_bytes(&self) -> usize {
        self.memory.used.load(Ordering::Relaxed)
    }
}

impl Gauge {
    fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
    }

    fn take(&self, amount: usize) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(amount).filter(|sum| *sum <= self.most)
            })
            .is_ok()
    }

    fn is_below_half(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.most / 2
    }

    fn give_back(&self, amount: usize) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

impl Meter {
    /// Linear memory the instance has.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// What was refused, if anything was: the likely reason of a trap that follows.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.refusal
    }

    fn grow_memory(&mut self, growth: usize) -> bool {
        let wanted = self.memory_bytes.saturating_add(growth);
        if wanted > self.limits.memory_bytes {
            self.refusal = Some("the instance's memory limit is used up");
            return false;
        }
        if !self.budget.memory.take(growth) {
            self.refusal = Some("the memory limit of all instances together is used up");
            return false;
        }
        self.memory_bytes = wanted;
        self.last_growth = growth;
        true
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow_memory(desired.saturating_sub(current)))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.budget.memory.give_back(self.last_growth);
        self.memory_bytes -= self.last_growth;
        self.last_growth = 0;
        self.refusal = Some("the system had no memory for the instance");
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.limits.table_elements;
        if !allowed {
            self.refusal = Some("the instance's table limit is used up");
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        self.limits.core_instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }

    fn memories(&self) -> usize {
        self.limits.memories as usize
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.budget.memory.give_back(self.memory_bytes);
        self.budget.instances.give_back(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(live_instances: u32, total_memory_bytes: usize) -> Arc<Budget> {
        Arc::new(Budget::new(&Limits { live_instances, total_memory_bytes, ..Limits::STANDARD }))
    }

    #[test]
    fn a_dropped_instance_gives_back_its_share() {
        let budget = budget(1, 100);
        let mut meter = budget.meter(Limits::STANDARD.instance).unwrap();
        assert!(budget.meter(Limits::STANDARD.instance).is_none());
        assert!(meter.grow_memory(100));
        drop(meter);
        let mut next = budget.meter(Limits::STANDARD.instance).unwrap();
        assert!(next.grow_memory(100));
    }

    #[test]
    fn instances_share_one_memory_limit() {
        let budget = budget(2, 100);
        let mut first = budget.meter(Limits::STANDARD.instance).unwrap();
        let mut second = budget.meter(Limits::STANDARD.instance).unwrap();
        assert!(first.grow_memory(60));
        assert!(!second.grow_memory(60));
        assert!(second.refusal().unwrap().contains("together"));
        assert!(second.grow_memory(40));
    }

    #[test]
    fn growth_that_the_system_refuses_is_not_counted() {
        let budget = budget(1, 100);
        let mut meter = budget.meter(Limits::STANDARD.instance).unwrap();
        assert!(meter.grow_memory(60));
        meter.memory_grow_failed(wasmtime::Error::msg("no")).unwrap();
        assert_eq!(meter.memory_bytes(), 0);
        assert!(meter.grow_memory(100));
    }
}
