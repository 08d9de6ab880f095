//! Guests for tests and benches: core modules written as WebAssembly text around the canonical
//! ABI's names, made into components against the contract in `wit/`.
//!
//! A new guest answers every export with something small and right. A test replaces what it is
//! about: the body of an export, an item, the start function, the manifest.

mod image;
pub mod manifests;
mod signatures;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use signatures::{Export, World};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub use image::Image;

/// A guest in the making.
pub struct Guest {
    world: &'static World,
    image: Image,
    bodies: BTreeMap<&'static str, String>,
    imports: String,
    items: String,
    start: String,
    contract: (String, String),
    manifest: Option<Value>,
    frugal: bool,
}

impl Guest {
    /// A normalizer that speaks the dialect of its own name.
    pub fn egress(name: &str) -> Self {
        let mut guest = Self::new(&signatures::EGRESS, manifests::normalizer(name));
        let image = &mut guest.image;
        let plan = image.plan("/chat", &[]);
        let encoded = image.encoded("encoded", None);
        let explained = image.failure("upstream-overloaded", "explained");
        let documents = image.documents(&["{\"document\":1}"]);
        guest
            .answer("plan", plan)
            .answer("encode", encoded)
            .answer("explain", explained)
            .answer("push", documents)
            .answer("finish", documents)
            .body("constructor", "(call $resource_new (i32.const 7))")
            .body("dtor", "")
    }

    /// A normalizer that speaks to callers at `/v1/` and its own name.
    pub fn ingress(name: &str) -> Self {
        let mut guest = Self::new(&signatures::INGRESS, manifests::client_api(name));
        let image = &mut guest.image;
        let decoded = image.decoded("chat", "{\"model\":\"m\"}");
        let failed = image.reply(418, "failed");
        let head = image.response_head(200, &[("content-type", "text/plain")]);
        let pushed = image.text_list("pushed");
        let finished = image.text_list("finished");
        guest
            .answer("decode", decoded)
            .answer("fail", failed)
            .answer("head", head)
            .answer("push", pushed)
            .answer("finish", finished)
            .body("constructor", "(call $resource_new (i32.const 7))")
            .body("dtor", "")
    }

    /// An HTTP adapter that declares the slot `api_key`.
    pub fn http(name: &str) -> Self {
        let mut guest = Self::new(&signatures::HTTP, manifests::http_adapter(name));
        let image = &mut guest.image;
        let exchange = image.exchange("/v1/chat", &[], Some("api_key"));
        let listing = image.listing(None);
        let models = image.models(&["small", "large"]);
        guest
            .answer("prepare", exchange)
            .answer("probe", exchange)
            .answer("list-models", listing)
            .answer("read-models", models)
    }

    /// A process adapter that runs `/bin/echo`.
    pub fn process(name: &str) -> Self {
        let mut guest = Self::new(&signatures::PROCESS, manifests::process_adapter(name));
        let process = guest.image.process("/bin/echo", Some("token"));
        guest.answer("prepare", process).answer("probe", process)
    }

    fn new(world: &'static World, manifest: Value) -> Self {
        Self {
            world,
            image: Image::default(),
            bodies: BTreeMap::new(),
            imports: String::new(),
            items: String::new(),
            start: String::new(),
            contract: (String::new(), String::new()),
            manifest: Some(manifest),
            frugal: false,
        }
    }

    /// Names of the exports, as `body` takes them.
    pub fn exports(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.world.exports.iter().map(|export| export.name)
    }

    /// Replaces the instructions of an export.
    pub fn body(mut self, export: &'static str, instructions: impl Into<String>) -> Self {
        self.bodies.insert(export, instructions.into());
        self
    }

    /// Lets an export answer with what is at an address of the image.
    pub fn answer(self, export: &'static str, address: u32) -> Self {
        self.body(export, format!("(i32.const {address})"))
    }

    /// Lets an export answer with what `make` puts into the image.
    pub fn answer_with(
        mut self,
        export: &'static str,
        make: impl FnOnce(&mut Image) -> u32,
    ) -> Self {
        let address = make(&mut self.image);
        self.answer(export, address)
    }

    /// The instructions of an export, for another one to end with.
    pub fn instructions(&self, export: &'static str) -> String {
        self.bodies.get(export).cloned().unwrap_or_default()
    }

    /// Puts a text into the image, for bodies that use its address and length.
    pub fn text(&mut self, text: &str) -> (u32, u32) {
        self.image.text(text)
    }

    /// Adds functions, globals or tables.
    pub fn items(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self
    }

    /// Sets the instructions of the start function.
    pub fn start(mut self, instructions: &str) -> Self {
        self.start = format!("(func $start {instructions}) (start $start)");
        self
    }

    /// Imports more than the contract: WIT packages that declare it, names of their interfaces,
    /// and the core imports that make the component import them.
    pub fn imports(mut self, packages: &str, interfaces: &[&str], core: &str) -> Self {
        let lines = interfaces.iter().map(|name| format!("import {name};\n"));
        self.contract = (packages.into(), lines.collect());
        self.imports.push_str(core);
        self
    }

    /// Changes the manifest.
    pub fn manifest(mut self, change: impl FnOnce(&mut Value)) -> Self {
        if let Some(manifest) = &mut self.manifest {
            change(manifest);
        }
        self
    }

    /// Asks for a shorter deadline.
    pub fn call_ms(self, call_ms: u64) -> Self {
        self.manifest(|manifest| manifest["limits"] = json!({ "call_ms": call_ms }))
    }

    /// Lets each function forget what the calls before it allocated, so that an instance can be
    /// called without end.
    pub fn frugal(mut self) -> Self {
        self.frugal = true;
        self
    }

    /// Leaves the manifest out.
    pub fn without_manifest(mut self) -> Self {
        self.manifest = None;
        self
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let mut component = self.component();
        if let Some(manifest) = &self.manifest {
            add_manifest(&mut component, manifest.to_string().as_bytes());
        }
        component
    }

    /// The component without a manifest.
    pub fn component(&self) -> Vec<u8> {
        let mut module = self.core_module();
        let (resolve, world) = self.resolve();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("the world can be encoded");
        ComponentEncoder::default()
            .validate(true)
            .module(&module)
            .and_then(|mut encoder| encoder.encode())
            .expect("the module fits the world")
    }

    /// The core module within the component.
    pub fn core_module(&self) -> Vec<u8> {
        let text = self.text_format();
        wat::parse_str(&text).expect("the guest's text parses")
    }

    fn resolve(&self) -> (Resolve, wit_parser::WorldId) {
        let mut resolve = Resolve::new();
        let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        resolve.push_path(contract).expect("the contract parses");
        let (packages, interfaces) = &self.contract;
        let source = format!(
            "package test:guest;\nworld guest {{\n{interfaces}include {};\n}}\n{packages}",
            self.world.include
        );
        let package = resolve.push_str("guest.wit", &source).expect("the guest's world parses");
        let world =
            resolve.select_world(&[package], Some("guest")).expect("the guest has one world");
        (resolve, world)
    }

    fn text_format(&self) -> String {
        let mut text = format!("(module {} {}", self.world.imports, self.imports);
        let pages = self.image.end() / 65536 + 1;
        let _ = write!(text, "(memory (export \"memory\") {pages})");
        let _ = write!(text, "(global $heap (mut i32) (i32.const {}))", self.image.end());
        text.push_str(REALLOC);
        text.push_str(&self.image.data_segment());
        text.push_str(&self.items);
        text.push_str(&self.start);
        for export in self.world.exports {
            text.push_str(&self.function(export));
        }
        text.push(')');
        text
    }

    fn function(&self, export: &Export) -> String {
        let body = self.bodies.get(export.name).map_or("", String::as_str);
        let forget = if self.frugal {
            format!("(global.set $heap (i32.const {}))", self.image.end())
        } else {
            String::new()
        };
        format!(
            "(func (export \"{}{}\") {} {forget} {body})\n",
            self.world.interface, export.core, export.signature
        )
    }
}

/// A bump allocator: an instance lives for one exchange.
const REALLOC: &str = r#"
(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
  (local.set $at (i32.and
    (i32.add (global.get $heap) (i32.sub (local.get 2) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get 2))))
  (global.set $heap (i32.add (local.get $at) (local.get 3)))
  (block $enough (loop $grow
    (br_if $enough (i32.le_u (global.get $heap)
      (i32.mul (memory.size) (i32.const 65536))))
    (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (br $grow)))
  (memory.copy (local.get $at) (local.get 0) (local.get 1))
  (local.get $at))
"#;

/// Appends the section that holds the manifest.
pub fn add_manifest(component: &mut Vec<u8>, manifest: &[u8]) {
    const NAME: &[u8] = b"patchbay:manifest";
    let mut content = vec![u8::try_from(NAME.len()).expect("short")];
    content.extend(NAME);
    content.extend(manifest);
    component.push(0);
    let mut length = content.len();
    while length >= 0x80 {
        component.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).expect("seven bits"));
    component.extend(content);
}
