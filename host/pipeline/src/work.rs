//! A request on its way through the attempts.

use openai_api::envelope::RequestEnvelope;

use crate::request::CallerRequest;

/// A request whose envelope has been read.
pub(crate) struct Work<'a> {
    pub(crate) request: &'a CallerRequest,
    pub(crate) envelope: &'a RequestEnvelope<'a>,
}
