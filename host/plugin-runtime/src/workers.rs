//! Two background threads: one makes and retires ready instances, one drops used ones.
//!
//! Neither owns a plugin or the runtime, so both end when the runtime is dropped. Their queues
//! are bounded, and nothing is lost if one is full: who wanted a restock asks again with the
//! next exchange, who wanted to discard an instance drops it on the spot.

use std::io;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

const ORDER_QUEUE: usize = 64;
const DISCARD_QUEUE: usize = 256;
/// How often idle instances are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Something with a stock of ready instances.
pub(crate) trait Stocked: Send + Sync {
    /// Fills the stock.
    fn restock(&self);

    /// Drops instances that have been idle for too long.
    fn retire_idle(&self, now: Instant);
}

/// What the first thread is asked for.
enum Order {
    /// Look after a stock from now on, as long as it exists.
    Watch(Weak<dyn Stocked>),
    /// Fill a stock.
    Restock(Weak<dyn Stocked>),
}

/// The threads' queues.
pub(crate) struct Workers {
    orders: SyncSender<Order>,
    discard: SyncSender<Box<dyn Send>>,
}

impl Workers {
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, ordered) = sync_channel(ORDER_QUEUE);
        let (discard, garbage) = sync_channel(DISCARD_QUEUE);
        thread::Builder::new()
            .name("plugin-stocker".into())
            .spawn(move || keep_stocks(&ordered))?;
        thread::Builder::new()
            .name("plugin-reaper".into())
            .spawn(move || garbage.into_iter().for_each(drop))?;
        Ok(Self { orders, discard })
    }

    /// Has idle instances of a stock retired as long as it exists. Waits if the queue is full.
    pub(crate) fn watch(&self, stock: Weak<dyn Stocked>) {
        // The thread ends with the runtime, and then there is nothing to look after.
        let _ = self.orders.send(Order::Watch(stock));
    }

    /// Asks for a restock. False if the queue is full.
    pub(crate) fn restock(&self, stock: Weak<dyn Stocked>) -> bool {
        self.orders.try_send(Order::Restock(stock)).is_ok()
    }

    /// Has a used instance dropped elsewhere, or drops it if the queue is full.
    pub(crate) fn discard(&self, used: impl Send + 'static) {
        match self.discard.try_send(Box::new(used)) {
            Ok(()) => {}
            Err(TrySendError::Full(used) | TrySendError::Disconnected(used)) => drop(used),
        }
    }
}

fn keep_stocks(orders: &Receiver<Order>) {
    let mut watched: Vec<Weak<dyn Stocked>> = Vec::new();
    let mut swept = Instant::now();
    loop {
        match orders.recv_timeout(SWEEP) {
            Ok(Order::Watch(stock)) => watched.push(stock),
            Ok(Order::Restock(stock)) => {
                if let Some(stock) = stock.upgrade() {
                    stock.restock();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if swept.elapsed() >= SWEEP {
            swept = Instant::now();
            watched.retain(|stock| sweep(stock, swept));
        }
    }
}

fn sweep(stock: &Weak<dyn Stocked>, now: Instant) -> bool {
    let Some(stock) = stock.upgrade() else {
        return false;
    };
    stock.retire_idle(now);
    true
}
