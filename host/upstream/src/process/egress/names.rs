//! Looks up the name of a granted host, once at a time.
//!
//! A lookup blocks a thread of the runtime until it is over, also if nobody waits any more. So a
//! program that asks and hangs up again and again must not start one each time: whoever asks
//! while a lookup is under way waits for that one.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use exchange::NetworkReach;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::http::reach::{RefusedAddress, resolve};

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAddress {
    /// To none but addresses that policy refuses.
    Refused,
    /// There is none, or it could not be found out.
    Unknown,
}

type Found = Result<Vec<SocketAddr>, NoAddress>;

/// The lookup of one host that is under way, if one is.
#[derive(Default)]
pub(super) struct Lookup(Mutex<Option<Shared<BoxFuture<'static, Found>>>>);

impl Lookup {
    /// The addresses that policy allows, with port 0.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn addresses(&self, host: &str) -> Found {
        let found = self.under_way(host).await;
        self.forget_if_done();
        found
    }

    fn under_way(&self, host: &str) -> Shared<BoxFuture<'static, Found>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| look_up(host.to_owned()).boxed().shared()).clone()
    }

    /// The next one asks anew: names move.
    fn forget_if_done(&self) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|lookup| lookup.peek().is_some()) {
            *slot = None;
        }
    }
}

async fn look_up(host: String) -> Found {
    let found = resolve(&host, NetworkReach::NoLinkLocal).await;
    found.map_err(|problem| match problem.is::<RefusedAddress>() {
        true => NoAddress::Refused,
        false => NoAddress::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_meanwhile_waits_for_the_lookup_that_is_under_way() {
        let lookup = Lookup::default();
        let first = lookup.under_way("localhost");
        // Whoever asked first may be gone.
        assert!(first.ptr_eq(&lookup.under_way("localhost")));
        let addresses = lookup.addresses("localhost").await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
        assert!(!first.ptr_eq(&lookup.under_way("localhost")));
    }

    #[tokio::test]
    async fn refused_addresses_are_told_from_none() {
        let found = Lookup::default().addresses("169.254.169.254").await;
        assert_eq!(found, Err(NoAddress::Refused));
    }
}
