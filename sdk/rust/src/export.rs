//! `export!`: makes a type the plugin that a crate is.

/// What every exported function does first.
pub(crate) fn enter() {
    #[cfg(target_arch = "wasm32")]
    crate::log::install_panic_hook();
}

/// Makes a type the plugin that this crate is, and puts the crate's `plugin.json` into it.
///
/// Say once, at the top level of the crate, which kind it is:
///
/// ```text
/// patchbay_sdk::export!(http_adapter: ExampleCloud);
/// patchbay_sdk::export!(normalizer: ExampleDialect);
/// patchbay_sdk::export!(ingress: ExampleClientApi);
/// patchbay_sdk::export!(normalizer: ExampleDialect, ingress: ExampleClientApi);
/// ```
///
/// Kinds: `normalizer` (towards a provider), `ingress` (towards a caller), both together,
/// `http_adapter`, `process_adapter`. Outside WebAssembly the macro only checks that the type
/// implements the kind's trait and that `plugin.json` is there, so that the same crate is an
/// ordinary library in `cargo test`.
#[macro_export]
macro_rules! export {
    (normalizer: $egress:ty, ingress: $ingress:ty) => {
        $crate::__check!($egress: $crate::Normalizer);
        $crate::__check!($ingress: $crate::Ingress);
        $crate::__export_world!(normalizer, NormalizerExport<$egress>);
        $crate::__export_world!(ingress_normalizer, IngressExport<$ingress>);
        $crate::__embed_manifest!();
    };
    (normalizer: $plugin:ty) => {
        $crate::__check!($plugin: $crate::Normalizer);
        $crate::__export_world!(normalizer, NormalizerExport<$plugin>);
        $crate::__embed_manifest!();
    };
    (ingress: $plugin:ty) => {
        $crate::__check!($plugin: $crate::Ingress);
        $crate::__export_world!(ingress_normalizer, IngressExport<$plugin>);
        $crate::__embed_manifest!();
    };
    (http_adapter: $plugin:ty) => {
        $crate::__check!($plugin: $crate::HttpAdapter);
        $crate::__export_world!(http_adapter, HttpAdapterExport<$plugin>);
        $crate::__embed_manifest!();
    };
    (process_adapter: $plugin:ty) => {
        $crate::__check!($plugin: $crate::ProcessAdapter);
        $crate::__export_world!(process_adapter, ProcessAdapterExport<$plugin>);
        $crate::__embed_manifest!();
    };
}

/// Checks, for every target, that the type is a plugin and that its manifest is there.
#[doc(hidden)]
#[macro_export]
macro_rules! __check {
    ($plugin:ty: $trait:path) => {
        const _: fn() = || {
            fn is_a_plugin<T: $trait>() {}
            is_a_plugin::<$plugin>();
        };
        const _: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.json"));
    };
}

/// Exports one world of the contract.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_world {
    ($world:ident, $export:ident<$plugin:ty>) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exports of the component model's canonical ABI")]
        const _: () = {
            type Plugin = $crate::__private::$export<$plugin>;
    $crate::bindings::$world::export!(Plugin with_types_in $crate::bindings::$world);
        };
    };
}

/// Puts the manifest into the custom section where the host looks for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __embed_manifest {
    () => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a custom section is a link section")]
        const _: () = {
            const BYTES: &[u8] =
                include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.json"));
            #[used]
            #[unsafe(link_section = "patchbay:manifest")]
            static MANIFEST: [u8; BYTES.len()] =
                *include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.json"));
        };
    };
}
