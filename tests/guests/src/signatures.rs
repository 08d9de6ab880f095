//! Names and core signatures of the contract's exports, flattened by the canonical ABI: up to 16
//! values as parameters, more through memory; results through memory.

/// A world as its core module sees it.
pub(crate) struct World {
    pub(crate) include: &'static str,
    pub(crate) interface: &'static str,
    pub(crate) imports: &'static str,
    pub(crate) exports: &'static [Export],
}

/// One export.
pub(crate) struct Export {
    /// As tests call it.
    pub(crate) name: &'static str,
    /// As the core module exports it, after the interface's name.
    pub(crate) core: &'static str,
    pub(crate) signature: &'static str,
}

const fn export(name: &'static str, core: &'static str, signature: &'static str) -> Export {
    Export { name, core, signature }
}

/// `call` is nine values: four texts and a truth value.
const CALL: &str = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)";
const CALL_AND_BODY: &str = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)";
const CALL_HEAD_AND_BODY: &str = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 \
                                  i32 i32 i32 i32 i32 i32 i32) (result i32)";
const HEAD_AND_BODY: &str = "(param i32 i32 i32 i32 i32 i32 i32) (result i32)";
/// A request's head is eight values.
const HEAD_AND_REQUEST: &str = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)";
/// `failure` is fourteen values; the tenth is a number of 64 bits.
const STATUS_AND_FAILURE: &str =
    "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32) (result i32)";
const SELF_AND_FAILURE: &str =
    "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32) (result i32)";
const THROUGH_MEMORY: &str = "(param i32) (result i32)";
const TEXT: &str = "(param i32 i32) (result i32)";

const LOG: &str = "(import \"patchbay:plugin/host@0.1.0\" \"log\" \
                   (func $log (param i32 i32 i32 i32)))";

pub(crate) const EGRESS: World = World {
    include: "patchbay:plugin/egress-normalizer@0.1.0",
    interface: "patchbay:plugin/egress@0.1.0#",
    imports: "(import \"patchbay:plugin/host@0.1.0\" \"log\" \
              (func $log (param i32 i32 i32 i32)))\
              (import \"[export]patchbay:plugin/egress@0.1.0\" \"[resource-new]decoder\" \
              (func $resource_new (param i32) (result i32)))",
    exports: &[
        export("plan", "plan", CALL),
        export("encode", "encode", CALL_AND_BODY),
        export("explain", "explain", CALL_HEAD_AND_BODY),
        export("constructor", "[constructor]decoder", THROUGH_MEMORY),
        export("push", "[method]decoder.push", "(param i32 i32 i32) (result i32)"),
        export("finish", "[method]decoder.finish", "(param i32 i32) (result i32)"),
        export("dtor", "[dtor]decoder", "(param i32)"),
    ],
};

pub(crate) const INGRESS: World = World {
    include: "patchbay:plugin/ingress-normalizer@0.1.0",
    interface: "patchbay:plugin/ingress@0.1.0#",
    imports: "(import \"patchbay:plugin/host@0.1.0\" \"log\" \
              (func $log (param i32 i32 i32 i32)))\
              (import \"[export]patchbay:plugin/ingress@0.1.0\" \"[resource-new]encoder\" \
              (func $resource_new (param i32) (result i32)))",
    exports: &[
        export("decode", "decode", HEAD_AND_REQUEST),
        export("fail", "fail", STATUS_AND_FAILURE),
        export("constructor", "[constructor]encoder", "(param i32 i32 i32) (result i32)"),
        export("head", "[method]encoder.head", THROUGH_MEMORY),
        export("push", "[method]encoder.push", "(param i32 i32 i32) (result i32)"),
        export("finish", "[method]encoder.finish", SELF_AND_FAILURE),
        export("dtor", "[dtor]encoder", "(param i32)"),
    ],
};

pub(crate) const HTTP: World = World {
    include: "patchbay:plugin/http-provider@0.1.0",
    interface: "patchbay:plugin/http-adapter@0.1.0#",
    imports: LOG,
    exports: &[
        export("prepare", "prepare", THROUGH_MEMORY),
        export("probe", "probe", TEXT),
        export("list-models", "list-models", TEXT),
        export("read-models", "read-models", HEAD_AND_BODY),
    ],
};

pub(crate) const PROCESS: World = World {
    include: "patchbay:plugin/process-provider@0.1.0",
    interface: "patchbay:plugin/process-adapter@0.1.0#",
    imports: LOG,
    exports: &[export("prepare", "prepare", CALL), export("probe", "probe", TEXT)],
};
