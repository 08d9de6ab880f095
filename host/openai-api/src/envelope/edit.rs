//! Splices the members that the gateway changes.

use std::borrow::Cow;
use std::ops::Range;

use super::RequestEnvelope;

/// What of a request is changed on its way to a provider.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The model's name as the provider knows it.
    pub model: &'a str,
    /// Whether a stream has to carry `usage`, asked for or not. Without effect on a request that
    /// does not stream.
    pub include_usage: bool,
}

/// Bytes that take the place of others.
struct Splice {
    place: Range<usize>,
    text: Cow<'static, str>,
}

impl RequestEnvelope<'_> {
    /// Whether [`RequestEnvelope::rewrite`] would change anything.
    #[must_use]
    pub fn needs_rewrite(&self, edit: &Edit<'_>) -> bool {
        self.model != edit.model || self.lacks_usage(edit)
    }

    /// The body with the edit made and every other byte as it was, or `None` if the body is
    /// right already.
    #[must_use]
    pub fn rewrite(&self, edit: &Edit<'_>) -> Option<Vec<u8>> {
        if !self.needs_rewrite(edit) {
            return None;
        }
        let model = (self.model != edit.model).then(|| self.model_splice(edit.model));
        let usage = if self.lacks_usage(edit) { self.usage_splice() } else { None };
        let mut splices = [model, usage];
        splices.sort_by_key(|splice| splice.as_ref().map(|splice| splice.place.start));
        let mut edited = Vec::with_capacity(self.body.len() + edit.model.len() + 64);
        let mut copied = 0;
        for splice in splices.into_iter().flatten() {
            edited.extend_from_slice(self.bytes(copied..splice.place.start));
            edited.extend_from_slice(splice.text.as_bytes());
            copied = splice.place.end;
        }
        edited.extend_from_slice(self.bytes(copied..self.body.len()));
        Some(edited)
    }

    fn lacks_usage(&self, edit: &Edit<'_>) -> bool {
        edit.include_usage && self.streaming && !self.wants_usage()
    }

    fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.body.as_bytes().get(range).unwrap_or_default()
    }

    fn model_splice(&self, model: &str) -> Splice {
        let text = serde_json::to_string(model).expect("every text has a JSON");
        Splice { place: self.spans.model.clone(), text: Cow::Owned(text) }
    }

    /// Sets `stream_options.include_usage`: in the place of its value, else as the first member
    /// of the options, else in options of its own.
    fn usage_splice(&self) -> Option<Splice> {
        let spans = &self.spans;
        if let Some(value) = &spans.include_usage {
            return Some(Splice { place: value.clone(), text: Cow::Borrowed("true") });
        }
        let Some(options) = &spans.stream_options else {
            let behind = spans.stream.as_ref()?.end;
            let text = Cow::Borrowed(r#","stream_options":{"include_usage":true}"#);
            return Some(Splice { place: behind..behind, text });
        };
        match self.bytes(options.clone()) {
            [b'{', inside @ .., b'}'] => {
                let place = options.start + 1..options.start + 1;
                let is_empty = inside.trim_ascii().is_empty();
                let text =
                    if is_empty { r#""include_usage":true"# } else { r#""include_usage":true,"# };
                Some(Splice { place, text: Cow::Borrowed(text) })
            }
            // What is no object has been checked to be null.
            _ => {
                let text = Cow::Borrowed(r#"{"include_usage":true}"#);
                Some(Splice { place: options.clone(), text })
            }
        }
    }
}
