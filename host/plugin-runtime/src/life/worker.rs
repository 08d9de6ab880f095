//! The thread: one look, action or tick after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::keeper::Keeper;
use super::notice::Notice;
use super::settings::LifeLimits;

/// Actions that may wait; one more is refused as busy.
pub(super) const MAX_ORDERS: usize = 64;

/// What the thread is asked for.
pub(super) enum Order {
    /// The directory has changed.
    Look,
    /// An operator's action; it answers by itself.
    Act(Box<dyn FnOnce(&mut Keeper) + Send>),
    /// Come to an end.
    Stop,
}

/// What is told to the thread beside its orders.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// A look has been ordered and not begun.
    look_ordered: AtomicBool,
    pub(super) stop: AtomicBool,
}

impl Signs {
    /// Orders a look, if none is ordered. What does not fit the queue the next poll finds.
    pub(super) fn order_look(&self, orders: &Weak<SyncSender<Order>>) {
        if self.look_ordered.swap(true, Ordering::AcqRel) {
            return;
        }
        let sent = orders.upgrade().is_some_and(|orders| orders.try_send(Order::Look).is_ok());
        if !sent {
            self.look_ordered.store(false, Ordering::Release);
        }
    }
}

/// The thread's own things.
pub(super) struct Worker {
    pub(super) keeper: Keeper,
    pub(super) notice: Notice,
    pub(super) orders: Receiver<Order>,
    pub(super) signs: Arc<Signs>,
    pub(super) limits: LifeLimits,
}

impl Worker {
    /// Works until it is told to stop, or nobody is left who could tell.
    pub(super) fn run(mut self) {
        self.work();
        self.keeper.close();
    }

    fn work(&mut self) {
        let mut look_at = Instant::now() + self.limits.poll;
        let mut watch_at = Instant::now() + self.limits.tick;
        while !self.signs.stop.load(Ordering::Acquire) {
            let due = if self.keeper.is_watching() { look_at.min(watch_at) } else { look_at };
            match self.orders.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Order::Look) => {
                    self.signs.look_ordered.store(false, Ordering::Release);
                    look_at = look_at.min(Instant::now() + self.limits.coalesce);
                }
                Ok(Order::Act(act)) => {
                    act(&mut self.keeper);
                    self.keeper.show();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if now >= watch_at {
                watch_at = now + self.limits.tick;
                self.keeper.watch(now);
            }
            if now >= look_at {
                self.notice.keep();
                let unsettled = self.keeper.look();
                let wait = if unsettled { self.limits.coalesce } else { self.limits.poll };
                look_at = Instant::now() + wait;
            }
        }
    }
}
