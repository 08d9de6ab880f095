//! The three worlds a plugin may export, alike for stock and calls.

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::egress::{EgressNormalizer, EgressNormalizerPre};
use crate::bindings::http::{HttpProvider, HttpProviderPre};
use crate::bindings::process::{ProcessProvider, ProcessProviderPre};
use crate::state::GuestState;

/// Typed exports of one instance, and how to get them.
pub(crate) trait World: Sized + Send + 'static {
    /// A linked plugin whose exports have been looked up once.
    type Linked: Send + Sync;

    /// # Errors
    /// If the plugin lacks an export of the world.
    fn look_up(plugin: InstancePre<GuestState>) -> wasmtime::Result<Self::Linked>;

    /// Makes an instance; the guest's start function runs.
    ///
    /// # Errors
    /// If an export has the wrong type, a limit is reached, or the start function traps.
    fn instantiate(linked: &Self::Linked, store: &mut Store<GuestState>) -> wasmtime::Result<Self>;
}

macro_rules! world {
    ($world:ty, $linked:ident) => {
        impl World for $world {
            type Linked = $linked<GuestState>;

            fn look_up(plugin: InstancePre<GuestState>) -> wasmtime::Result<Self::Linked> {
                $linked::new(plugin)
            }

            fn instantiate(
                linked: &Self::Linked,
                store: &mut Store<GuestState>,
            ) -> wasmtime::Result<Self> {
                linked.instantiate(store)
            }
        }
    };
}

world!(EgressNormalizer, EgressNormalizerPre);
world!(HttpProvider, HttpProviderPre);
world!(ProcessProvider, ProcessProviderPre);
