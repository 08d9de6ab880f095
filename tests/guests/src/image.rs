//! The guest's initial memory: answers laid out as the canonical ABI wants them.

use std::fmt::Write;

/// Nothing lies at address zero.
const BASE: u32 = 1024;

/// Memory from `BASE` on.
#[derive(Default)]
pub struct Image(Vec<u8>);

/// A record being laid out.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    /// The good or bad case of a result whose payload is aligned to eight bytes.
    fn result(failed: bool) -> Self {
        let mut record = Self(vec![u8::from(failed)]);
        record.align(8);
        record
    }

    fn align(&mut self, to: usize) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
        self
    }

    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn word(&mut self, value: u32) -> &mut Self {
        self.align(4).0.extend(value.to_le_bytes());
        self
    }

    fn long(&mut self, value: u64) -> &mut Self {
        self.align(8).0.extend(value.to_le_bytes());
        self
    }

    fn pair(&mut self, (first, second): (u32, u32)) -> &mut Self {
        self.word(first).word(second)
    }

    fn optional(&mut self, pair: Option<(u32, u32)>) -> &mut Self {
        self.word(pair.is_some().into()).pair(pair.unwrap_or_default())
    }

    fn empty_list(&mut self) -> &mut Self {
        self.pair((0, 0))
    }
}

impl Image {
    /// First address after the image.
    pub fn end(&self) -> u32 {
        BASE + u32::try_from(self.0.len()).expect("a small image").next_multiple_of(16)
    }

    /// The image as the module's data.
    pub fn data_segment(&self) -> String {
        let mut text = format!("(data (i32.const {BASE}) \"");
        for byte in &self.0 {
            let _ = write!(text, "\\{byte:02x}");
        }
        text.push_str("\")");
        text
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let address = BASE + u32::try_from(self.0.len()).expect("a small image");
        self.0.extend(bytes);
        address
    }

    /// Bytes, as address and length.
    pub fn bytes(&mut self, bytes: &[u8]) -> (u32, u32) {
        let length = u32::try_from(bytes.len()).expect("a small image");
        (self.put(bytes), length)
    }

    /// A text, as address and length.
    pub fn text(&mut self, text: &str) -> (u32, u32) {
        self.bytes(text.as_bytes())
    }

    fn texts(&mut self, texts: &[&str]) -> (u32, u32) {
        let mut list = Record::default();
        for text in texts {
            list.pair(self.text(text));
        }
        (self.put(&list.0), u32::try_from(texts.len()).expect("few"))
    }

    fn head(&mut self, record: &mut Record, path: &str, headers: &[(&str, &str)]) {
        let mut list = Record::default();
        for (name, value) in headers {
            list.pair(self.text(name)).pair(self.text(value));
        }
        let headers = (self.put(&list.0), u32::try_from(headers.len()).expect("few"));
        let (method, path) = (self.text("POST"), self.text(path));
        record.pair(method).pair(path).pair(headers).empty_list();
    }

    /// A plan that asks for encoding and decoding.
    pub fn plan(&mut self, path: &str, headers: &[(&str, &str)]) -> u32 {
        let mut record = Record::result(false);
        self.head(&mut record, path, headers);
        record.byte(1).byte(0).empty_list();
        self.put(&record.0)
    }

    /// An encoded request, with a path of its own or that of the plan.
    pub fn encoded(&mut self, body: &str, path: Option<&str>) -> u32 {
        let body = self.text(body);
        self.encoded_at(body, path)
    }

    /// An encoded body that lies anywhere, or nowhere.
    pub fn encoded_at(&mut self, body: (u32, u32), path: Option<&str>) -> u32 {
        let mut record = Record::result(false);
        record.word(path.is_some().into());
        match path {
            Some(path) => self.head(&mut record, path, &[]),
            None => record.0.resize(record.0.len() + 32, 0),
        }
        let dropped = self.texts(&["logit_bias"]);
        record.pair(body).pair(dropped).empty_list();
        self.put(&record.0)
    }

    /// A failure as an answer of its own, like that of `explain`.
    pub fn failure(&mut self, kind: &str, message: &str) -> u32 {
        let mut record = Record::default();
        self.failure_record(&mut record, kind, message);
        self.put(&record.0)
    }

    /// A failure as the bad case of a result.
    pub fn failed(&mut self, kind: &str, message: &str) -> u32 {
        let mut record = Record::result(true);
        self.failure_record(&mut record, kind, message);
        self.put(&record.0)
    }

    fn failure_record(&mut self, record: &mut Record, kind: &str, message: &str) {
        let (kind, message) = (self.text(kind), self.text(message));
        let param = self.text("messages[0]");
        record.pair(kind).pair(message).optional(Some(param));
        record.align(8).byte(1).long(1500);
        record.optional(None).empty_list();
    }

    /// Canonical documents as good case.
    pub fn documents(&mut self, documents: &[&str]) -> u32 {
        let list = self.texts(documents);
        self.list(list)
    }

    /// A caller's request in canonical form, with one entry for the encoder.
    pub fn decoded(&mut self, operation: &str, canonical: &str) -> u32 {
        let (operation, model) = (self.text(operation), self.text("m"));
        let (canonical, extra) = (self.text(canonical), self.texts(&["kept", "1"]));
        let mut record = Record::result(false);
        record.pair(operation).pair(model).byte(1).pair(canonical).pair((extra.0, 1));
        self.put(&record.0)
    }

    /// The head of an answer.
    pub fn response_head(&mut self, status: u16, headers: &[(&str, &str)]) -> u32 {
        let mut record = Record::default();
        self.response_head_record(&mut record, status, headers);
        self.put(&record.0)
    }

    /// A whole answer.
    pub fn reply(&mut self, status: u16, body: &str) -> u32 {
        let mut record = Record::default();
        self.response_head_record(&mut record, status, &[]);
        record.pair(self.text(body));
        self.put(&record.0)
    }

    fn response_head_record(&mut self, record: &mut Record, status: u16, headers: &[(&str, &str)]) {
        let mut list = Record::default();
        for (name, value) in headers {
            list.pair(self.text(name)).pair(self.text(value));
        }
        let headers = (self.put(&list.0), u32::try_from(headers.len()).expect("few"));
        record.0.extend(status.to_le_bytes());
        record.pair(headers).empty_list();
    }

    /// Bytes as good case.
    pub fn text_list(&mut self, text: &str) -> u32 {
        let text = self.text(text);
        self.list(text)
    }

    /// The answer of `read-models`.
    pub fn models(&mut self, ids: &[&str]) -> u32 {
        self.documents(ids)
    }

    /// A list as good case, wherever it lies.
    pub fn list(&mut self, list: (u32, u32)) -> u32 {
        let mut record = Record::result(false);
        record.pair(list);
        self.put(&record.0)
    }

    /// An adapter's exchange, which may name a credential slot.
    pub fn exchange(&mut self, path: &str, headers: &[(&str, &str)], slot: Option<&str>) -> u32 {
        let mut record = Record::result(false);
        self.exchange_record(&mut record, (path, headers), slot);
        self.put(&record.0)
    }

    /// The answer of `list-models`.
    pub fn listing(&mut self, path: Option<&str>) -> u32 {
        let mut record = Record::result(false);
        record.word(path.is_some().into());
        self.exchange_record(&mut record, (path.unwrap_or("/"), &[]), None);
        self.put(&record.0)
    }

    fn exchange_record(
        &mut self,
        record: &mut Record,
        (path, headers): (&str, &[(&str, &str)]),
        slot: Option<&str>,
    ) {
        self.head(record, path, headers);
        let slot = slot.map(|slot| self.text(slot));
        record.optional(slot).empty_list();
    }

    /// A process that gets the body after `--prompt=`, may say `LANG=C` and has 250 ms.
    pub fn process(&mut self, program: &str, slot: Option<&str>) -> u32 {
        let argument = {
            let text = self.text("--prompt=");
            let mut argument = Record::default();
            argument.pair(text).byte(1).align(4);
            (self.put(&argument.0), 1)
        };
        let (name, value) = (self.text("LANG"), self.text("C"));
        let mut variable = Record::default();
        variable.pair(name).pair(value);
        let environment = (self.put(&variable.0), 1);
        let (program, slot) = (self.text(program), slot.map(|slot| self.text(slot)));
        let mut record = Record::result(false);
        record.pair(program).pair(argument).pair(environment);
        record.byte(0).align(8).byte(1).long(250);
        record.optional(slot).empty_list();
        self.put(&record.0)
    }
}
