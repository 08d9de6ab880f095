//! The contract in `wit/` as Rust types, one module for each world, all with the same `types`.
//!
//! Generated. The rest of the crate gives these types constructors and puts traits in front of
//! the generated `Guest` traits; plugins do not use this module by name, only `export!` does.
//!
//! The generated code is the crate's only `unsafe`: it lifts and lowers the component model's
//! canonical ABI.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated from wit/, whose comments are the documentation"
)]

/// World `egress-normalizer`; owns the shared types.
pub mod normalizer {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "egress-normalizer",
        pub_export_macro: true,
        additional_derives: [PartialEq],
    });
}

/// World `ingress-normalizer`.
pub mod ingress_normalizer {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "ingress-normalizer",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        with: {
            "patchbay:plugin/types@0.1.0": crate::bindings::normalizer::patchbay::plugin::types,
            "patchbay:plugin/host@0.1.0": crate::bindings::normalizer::patchbay::plugin::host,
        },
    });
}

/// World `http-provider`.
pub mod http_adapter {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "http-provider",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        with: {
            "patchbay:plugin/types@0.1.0": crate::bindings::normalizer::patchbay::plugin::types,
            "patchbay:plugin/host@0.1.0": crate::bindings::normalizer::patchbay::plugin::host,
        },
    });
}

/// World `process-provider`.
pub mod process_adapter {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "process-provider",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        with: {
            "patchbay:plugin/types@0.1.0": crate::bindings::normalizer::patchbay::plugin::types,
            "patchbay:plugin/host@0.1.0": crate::bindings::normalizer::patchbay::plugin::host,
        },
    });
}

pub use http_adapter::exports::patchbay::plugin::http_adapter as http;
pub use ingress_normalizer::exports::patchbay::plugin::ingress;
pub use normalizer::exports::patchbay::plugin::egress;
pub use normalizer::patchbay::plugin::types;
pub use process_adapter::exports::patchbay::plugin::process_adapter as process;
