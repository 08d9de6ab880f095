//! How the model samples: `parameters`.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{ChatRequest, ResponseFormat};
use patchbay_sdk::canonical::{Number, Object, RawJson};
use patchbay_sdk::request::{self, Dropped};
use serde::Serialize;

/// Parameters that canonical does not know and a caller may send as members of the request.
const NATIVE: [&str; 8] = [
    "typical_p",
    "repetition_penalty",
    "watermark",
    "truncate",
    "adapter_id",
    "do_sample",
    "top_n_tokens",
    "grammar",
];
/// What a model that takes the likeliest token does not look at.
const SAMPLING: [&str; 4] = ["temperature", "top_k", "top_p", "typical_p"];
/// A server takes so many stop texts, unless started with `--max-stop-sequences`.
const MAX_STOPS: usize = 4;

/// The parameters that are being written, and what they do not hold.
pub(crate) struct Parameters<'a> {
    all: Object,
    dropped: &'a mut Dropped,
}

impl<'a> Parameters<'a> {
    /// Begins with the operator's defaults.
    pub(crate) fn new(defaults: Object, dropped: &'a mut Dropped) -> Self {
        Self { all: defaults, dropped }
    }

    /// Writes what the request says over the defaults, and names what cannot be written.
    ///
    /// # Errors
    /// None that a caller can bring about.
    pub(crate) fn write(
        mut self,
        request: &ChatRequest,
        extra: &mut Object,
        stops: &[String],
    ) -> Result<Object, Failure> {
        let limit = request.max_completion_tokens.as_ref().or(request.max_tokens.as_ref());
        self.set("max_new_tokens", limit)?;
        self.set("frequency_penalty", request.frequency_penalty.as_ref())?;
        for name in NATIVE {
            if let Some(value) = extra.remove(name).filter(|value| !value.is_null()) {
                self.all.insert_raw(name, value);
            }
        }
        self.seed(request.seed.as_ref())?;
        self.sampling(request, extra)?;
        self.format(request.response_format.as_ref())?;
        if request.logprobs == Some(true) {
            let wanted = request.top_logprobs.as_ref().filter(|top| top.as_u64() != Some(0));
            self.set("top_n_tokens", wanted)?;
        }
        if !stops.is_empty() {
            self.set("stop", Some(stops))?;
        }
        self.set("details", Some(&true))?;
        self.set("return_full_text", Some(&false))?;
        Ok(self.all)
    }

    fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: Option<&T>) -> Result<(), Failure> {
        let Some(value) = value else { return Ok(()) };
        self.all.insert(name, value).map_err(|problem| request::invalid(&problem))
    }

    /// A seed is an unsigned number here.
    fn seed(&mut self, seed: Option<&Number>) -> Result<(), Failure> {
        let fits = seed.is_none_or(|seed| seed.as_u64().is_some());
        self.dropped.add_if(!fits, "seed");
        self.set("seed", seed.filter(|_| fits))
    }

    /// Canonical samples unless the temperature is 0, the server only if it is told to; and a
    /// temperature of 0, a `top_p` of 1 and a `top_k` of 0 are said by leaving them out.
    fn sampling(&mut self, request: &ChatRequest, extra: &mut Object) -> Result<(), Failure> {
        let value = |number: &Number| number.as_f64().unwrap_or(f64::MAX);
        self.set("temperature", request.temperature.as_ref())?;
        if let Some(top_p) = &request.top_p {
            self.all.remove("top_p");
            self.dropped.add_if(value(top_p) <= 0.0, "top_p");
            let narrows = 0.0 < value(top_p) && value(top_p) < 1.0;
            self.set("top_p", Some(top_p).filter(|_| narrows))?;
        }
        if let Ok(Some(top_k)) = extra.get::<Number>("top_k") {
            extra.remove("top_k");
            self.all.remove("top_k");
            self.set("top_k", Some(&top_k).filter(|top_k| value(top_k) > 0.0))?;
        }
        if request.temperature.as_ref().is_some_and(|number| value(number) <= 0.0) {
            for name in SAMPLING {
                self.all.remove(name);
            }
            self.set("do_sample", Some(&false))?;
        } else if self.all.get_raw("do_sample").is_none() {
            self.set("do_sample", Some(&true))?;
        }
        Ok(())
    }

    /// A schema is a grammar. There is no grammar for "any JSON".
    fn format(&mut self, format: Option<&ResponseFormat>) -> Result<(), Failure> {
        let Some(format) = format.filter(|format| format.kind != "text") else { return Ok(()) };
        let named = format.json_schema.as_ref().filter(|_| format.kind == "json_schema");
        let Some((named, schema)) = named.and_then(|named| Some((named, named.schema.as_ref()?)))
        else {
            self.dropped.add("response_format");
            return Ok(());
        };
        let described = named.description.is_some();
        self.dropped.add_if(described, "response_format.json_schema.description");
        self.dropped.add_members("response_format.json_schema.", &named.extra);
        self.dropped.add_members("response_format.", &format.extra);
        self.set("grammar", Some(&Grammar { kind: "json", value: schema }))
    }
}

#[derive(Serialize)]
struct Grammar<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'a RawJson,
}

/// The caller's stop texts or else the operator's, then the template's own, as many as a server
/// takes.
pub(crate) fn stops(
    request: &ChatRequest,
    defaults: Vec<String>,
    template: &[&str],
) -> Vec<String> {
    let own = request.stop.as_ref().map(|stop| stop.texts().to_vec());
    let mut stops = own.unwrap_or(defaults);
    stops.retain(|text| !text.is_empty());
    for text in template {
        if stops.len() < MAX_STOPS && !stops.iter().any(|stop| stop == text) {
            stops.push((*text).to_owned());
        }
    }
    stops
}
