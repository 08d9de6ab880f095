//! The worlds a plugin may export, alike for stock and calls.

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::egress::{EgressNormalizer, EgressNormalizerPre};
use crate::bindings::http::{HttpProvider, HttpProviderPre};
use crate::bindings::ingress::{IngressNormalizer, IngressNormalizerPre};
use crate::bindings::process::{ProcessProvider, ProcessProviderPre};
use crate::bindings::types;
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

    /// Calls a function that the contract calls pure, so that the pages an exchange needs are
    /// mapped before it comes: the stack, the allocator's state, the tables. What the guest
    /// answers does not matter.
    ///
    /// # Errors
    /// If the guest traps; the instance must not be used then.
    fn warm_up(&self, store: &mut Store<GuestState>) -> wasmtime::Result<()>;
}

/// A call that belongs to no exchange.
fn rehearsal() -> types::Call {
    types::Call {
        operation: "chat".into(),
        model: "warm-up".into(),
        streaming: true,
        settings: NO_SETTINGS.into(),
        extra: Vec::new(),
    }
}

fn rehearsed_failure() -> types::Failure {
    types::Failure {
        kind: "internal".into(),
        message: "warm-up".into(),
        param: None,
        retry_after_ms: None,
        upstream_code: None,
        extra: Vec::new(),
    }
}

const NO_SETTINGS: &str = "{}";

macro_rules! world {
    ($world:ty, $linked:ident, |$plugin:ident, $store:ident| $warm_up:expr) => {
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

            fn warm_up(&self, $store: &mut Store<GuestState>) -> wasmtime::Result<()> {
                let $plugin = self;
                $warm_up.map(drop)
            }
        }
    };
}

world!(EgressNormalizer, EgressNormalizerPre, |plugin, store| {
    let egress = plugin.patchbay_plugin_egress();
    egress.call_plan(store, &rehearsal())
});
world!(IngressNormalizer, IngressNormalizerPre, |plugin, store| {
    let ingress = plugin.patchbay_plugin_ingress();
    ingress.call_fail(store, 500, &rehearsed_failure())
});
world!(HttpProvider, HttpProviderPre, |plugin, store| {
    let adapter = plugin.patchbay_plugin_http_adapter();
    adapter.call_probe(store, &NO_SETTINGS.into())
});
world!(ProcessProvider, ProcessProviderPre, |plugin, store| {
    let adapter = plugin.patchbay_plugin_process_adapter();
    adapter.call_prepare(store, &rehearsal())
});
