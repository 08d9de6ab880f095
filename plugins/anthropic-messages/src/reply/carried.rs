//! Other vendors' reasoning inside this dialect.
//!
//! Clients of the dialect give `redacted_thinking` back as it came. Reasoning that another vendor
//! wants back (a Gemini signature, encrypted reasoning of OpenAI) travels as the data of such a
//! block, behind a mark, and is unpacked when it returns. A provider of this dialect cannot read
//! it: it would refuse a conversation that was begun with another vendor's model, were the block
//! sent to it without going through canonical.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchbay_sdk::canonical::Canonical as _;
use patchbay_sdk::canonical::chat::ReasoningDetail;

/// What the data begins with. Base64 has no full stop, so the vendor's own data never does.
const MARK: &str = "patchbay.1.";

/// The data for a piece that this dialect has no form for; none if nobody wants it back.
pub(crate) fn pack(detail: &ReasoningDetail) -> Option<String> {
    let is_wanted = detail.signature.is_some() || detail.data.is_some() || detail.id.is_some();
    is_wanted.then(|| format!("{MARK}{}", STANDARD.encode(detail.to_json())))
}

/// The piece in the data; none if the data is the vendor's own.
pub(crate) fn unpack(data: &str) -> Option<ReasoningDetail> {
    let json = STANDARD.decode(data.strip_prefix(MARK)?).ok()?;
    ReasoningDetail::from_json(&json).ok()
}
