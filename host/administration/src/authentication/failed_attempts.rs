//! How often an address came with a bad token.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures that an address has at once.
const BURST: u32 = 10;

/// In which time it gets one back.
const REFILL: Duration = Duration::from_secs(6);

/// Most addresses that are remembered; the one that failed longest ago is forgotten first.
const MAX_ADDRESSES: usize = 10_000;

/// Counts failures by address, an IPv6 address by its /64, which is what one subscriber has.
#[derive(Debug, Default)]
pub(super) struct FailedAttempts {
    addresses: Mutex<Addresses>,
}

#[derive(Debug, Default)]
struct Addresses {
    buckets: HashMap<IpAddr, Bucket>,
    /// By the number of its last failure.
    order: BTreeMap<u64, IpAddr>,
    failures: u64,
}

/// A token bucket, as the time at which it will be full again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at: Instant,
    last_failure: u64,
}

impl FailedAttempts {
    /// Counts a failure.
    ///
    /// # Errors
    /// How long to wait, if the address has none left. Such a failure is not counted, so that it
    /// does not put the end off.
    pub(super) fn count(&self, peer: IpAddr) -> Result<(), Duration> {
        let now = Instant::now();
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let address = subscriber(peer);
        let known = addresses.buckets.get(&address).copied();
        let full_at = known.map_or(now, |bucket| bucket.full_at.max(now));
        let debt = full_at - now;
        let allowed_debt = REFILL * (BURST - 1);
        if debt > allowed_debt {
            return Err(debt - allowed_debt);
        }
        addresses.note(address, full_at + REFILL);
        Ok(())
    }
}

impl Addresses {
    fn note(&mut self, address: IpAddr, full_at: Instant) {
        self.failures += 1;
        let bucket = Bucket { full_at, last_failure: self.failures };
        if let Some(before) = self.buckets.insert(address, bucket) {
            self.order.remove(&before.last_failure);
        }
        self.order.insert(self.failures, address);
        if self.buckets.len() > MAX_ADDRESSES
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.buckets.remove(&oldest);
        }
    }
}

fn subscriber(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_ten_failures_and_gets_one_back_every_six_seconds() {
        let attempts = FailedAttempts::default();
        for _ in 0..BURST {
            assert_eq!(attempts.count(ip("192.0.2.1")), Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(attempts.count(ip("192.0.2.1")), Err(REFILL));
        }
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(attempts.count(ip("192.0.2.1")), Err(Duration::from_secs(2)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(attempts.count(ip("192.0.2.1")), Ok(()));
        assert_eq!(attempts.count(ip("192.0.2.1")), Err(REFILL));
        tokio::time::advance(Duration::from_secs(600)).await;
        for _ in 0..BURST {
            assert_eq!(attempts.count(ip("192.0.2.1")), Ok(()));
        }
        assert!(attempts.count(ip("192.0.2.1")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_ipv6_address_counts_by_its_64_and_a_mapped_one_as_ipv4() {
        let table = [
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("192.0.2.1", "192.0.2.2", false),
        ];
        for (one, other, same) in table {
            let attempts = FailedAttempts::default();
            for _ in 0..BURST {
                attempts.count(ip(one)).unwrap();
            }
            assert_eq!(attempts.count(ip(other)).is_err(), same, "{one} {other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_that_failed_longest_ago_is_forgotten_first() {
        let attempts = FailedAttempts::default();
        for _ in 0..BURST {
            attempts.count(ip("192.0.2.1")).unwrap();
            attempts.count(ip("192.0.2.2")).unwrap();
        }
        let other = |number: u32| IpAddr::from((0x0a00_0000 + number).to_be_bytes());
        for number in 0..(MAX_ADDRESSES as u32 - 1) {
            attempts.count(other(number)).unwrap();
        }
        assert_eq!(attempts.count(ip("192.0.2.2")), Err(REFILL), "remembered");
        assert_eq!(attempts.count(ip("192.0.2.1")), Ok(()), "forgotten");
        let addresses = attempts.addresses.lock().unwrap();
        assert_eq!(addresses.buckets.len(), MAX_ADDRESSES);
        assert_eq!(addresses.order.len(), MAX_ADDRESSES);
    }
}
