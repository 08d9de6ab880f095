//! Ready instances of one generation: last in, first out, capped by number and by bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::StockLimits;

/// The shelf. Its caps hold at any time; what does not fit is handed back.
pub(crate) struct Stock<T> {
    limits: StockLimits,
    shelf: Mutex<Shelf<T>>,
}

struct Shelf<T> {
    items: Vec<Item<T>>,
    bytes: usize,
    last_taken: Instant,
}

struct Item<T> {
    value: T,
    bytes: usize,
    since: Instant,
}

impl<T> Stock<T> {
    pub(crate) fn new(limits: StockLimits) -> Self {
        Self {
            limits,
            shelf: Mutex::new(Shelf { items: Vec::new(), bytes: 0, last_taken: Instant::now() }),
        }
    }

    /// Takes the instance that was put last: its pages are the warmest.
    pub(crate) fn take(&self) -> Option<T> {
        let mut shelf = self.shelf();
        shelf.last_taken = Instant::now();
        let item = shelf.items.pop()?;
        shelf.bytes -= item.bytes;
        Some(item.value)
    }

    /// Puts an instance of a size on the shelf, or hands it back if it does not fit.
    pub(crate) fn put(&self, value: T, bytes: usize) -> Result<(), T> {
        let mut shelf = self.shelf();
        if !self.fits(&shelf, bytes) {
            return Err(value);
        }
        shelf.bytes += bytes;
        shelf.items.push(Item { value, bytes, since: Instant::now() });
        Ok(())
    }

    /// Whether one more instance of a size would fit.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.fits(&self.shelf(), bytes)
    }

    pub(crate) fn depth(&self) -> usize {
        self.shelf().items.len()
    }

    /// Whether so little is left that it is time to restock.
    pub(crate) fn is_low(&self) -> bool {
        self.depth() * 2 <= self.limits.instances
    }

    /// Takes out all but one if nothing was taken for as long as the limits allow.
    pub(crate) fn shrink_if_idle(&self, now: Instant) -> Vec<T> {
        let mut shelf = self.shelf();
        if now.saturating_duration_since(shelf.last_taken) < self.limits.idle {
            return Vec::new();
        }
        let surplus = shelf.items.len().saturating_sub(1);
        shelf.remove_oldest(surplus)
    }

    /// Takes out what has been on the shelf for longer than `age`.
    pub(crate) fn remove_older(&self, now: Instant, age: Duration) -> Vec<T> {
        let mut shelf = self.shelf();
        let old = shelf
            .items
            .iter()
            .take_while(|item| now.saturating_duration_since(item.since) > age)
            .count();
        shelf.remove_oldest(old)
    }

    fn fits(&self, shelf: &Shelf<T>, bytes: usize) -> bool {
        shelf.items.len() < self.limits.instances
            && shelf.bytes.saturating_add(bytes) <= self.limits.bytes
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<T>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Shelf<T> {
    fn remove_oldest(&mut self, count: usize) -> Vec<T> {
        let removed: Vec<_> = self.items.drain(..count).collect();
        self.bytes -= removed.iter().map(|item| item.bytes).sum::<usize>();
        removed.into_iter().map(|item| item.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StockLimits =
        StockLimits { instances: 3, bytes: 100, idle: Duration::from_secs(10) };

    #[test]
    fn a_stock_is_capped_by_number() {
        let stock = Stock::new(LIMITS);
        for value in 0..3 {
            stock.put(value, 1).unwrap();
        }
        assert_eq!(stock.put(3, 1), Err(3));
    }

    #[test]
    fn a_stock_is_capped_by_bytes() {
        let stock = Stock::new(LIMITS);
        stock.put(0, 60).unwrap();
        assert_eq!(stock.put(1, 60), Err(1));
        assert!(!stock.has_room(60) && stock.has_room(40));
        assert_eq!(stock.take(), Some(0));
        stock.put(1, 60).unwrap();
    }

    #[test]
    fn the_warmest_instance_is_taken_first() {
        let stock = Stock::new(LIMITS);
        stock.put(0, 1).unwrap();
        stock.put(1, 1).unwrap();
        assert_eq!((stock.take(), stock.take(), stock.take()), (Some(1), Some(0), None));
    }

    #[test]
    fn an_idle_stock_shrinks_to_one() {
        let stock = Stock::new(LIMITS);
        for value in 0..3 {
            stock.put(value, 30).unwrap();
        }
        let now = Instant::now();
        assert!(stock.shrink_if_idle(now).is_empty());
        assert_eq!(stock.shrink_if_idle(now + Duration::from_secs(11)), [0, 1]);
        assert!(stock.has_room(70));
    }

    #[test]
    fn what_is_too_old_is_removed() {
        let stock = Stock::new(LIMITS);
        stock.put(0, 1).unwrap();
        let age = Duration::from_secs(5);
        let now = Instant::now();
        assert!(stock.remove_older(now, age).is_empty());
        assert_eq!(stock.remove_older(now + Duration::from_secs(6), age), [0]);
        assert_eq!(stock.depth(), 0);
    }
}
