//! The contract in `wit/` as host types, one module for each world, all with the same `types`.
//!
//! Generated; `convert` is where these types meet the validated ones of `exchange`. The
//! generated code skips type checks that were made when the plugin was loaded, which is the
//! crate's only `unsafe`.
#![allow(
    dead_code,
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated from wit/, whose comments are the documentation"
)]

/// World `egress-normalizer`; owns the shared types.
pub(crate) mod egress {
    wasmtime::component::bindgen!({ path: "../../wit", world: "egress-normalizer" });
}

/// World `ingress-normalizer`.
pub(crate) mod ingress {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "ingress-normalizer",
        with: {
            "patchbay:plugin/types": crate::bindings::egress::patchbay::plugin::types,
            "patchbay:plugin/host": crate::bindings::egress::patchbay::plugin::host,
        },
    });
}

/// World `http-provider`.
pub(crate) mod http {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "http-provider",
        with: {
            "patchbay:plugin/types": crate::bindings::egress::patchbay::plugin::types,
            "patchbay:plugin/host": crate::bindings::egress::patchbay::plugin::host,
        },
    });
}

/// World `process-provider`.
pub(crate) mod process {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "process-provider",
        with: {
            "patchbay:plugin/types": crate::bindings::egress::patchbay::plugin::types,
            "patchbay:plugin/host": crate::bindings::egress::patchbay::plugin::host,
        },
    });
}

pub(crate) use egress::patchbay::plugin::types;
