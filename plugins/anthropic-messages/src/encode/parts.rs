//! Parts of a message as content blocks: text, images, documents.
//!
//! Sources: <https://platform.claude.com/docs/en/build-with-claude/vision>,
//! <https://platform.claude.com/docs/en/build-with-claude/pdf-support>,
//! <https://platform.claude.com/docs/en/build-with-claude/files>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{Content as Said, File, ImageUrl, Part, PartView};
use patchbay_sdk::request::{DataUrl, Dropped};

use super::block::Block;
use super::conversation::text_block;
use crate::json::{Members, of_type, raw};

/// Blocks of the API that canonical has no part for: a part of such a type is one of them.
const OWN_PARTS: [&str; 6] =
    ["image", "document", "search_result", "container_upload", "tool_reference", "browser_state"];

/// Members of a document that a part of a file may have.
const DOCUMENT_MEMBERS: [&str; 3] = ["title", "context", "citations"];

/// How a PDF begins, in base64.
const PDF_START: &str = "JVBERi";

/// The blocks of a user's message, or of a tool's result. What the API has no block for is named.
pub(super) fn of_user(content: Option<Said>, path: &str, dropped: &mut Dropped) -> Vec<Block> {
    let parts = match content {
        None => return Vec::new(),
        Some(Said::Text(text)) => return Block::text(text).into_iter().collect(),
        Some(Said::Parts(parts)) => parts,
    };
    let mut blocks = Vec::with_capacity(parts.len());
    for (number, part) in parts.into_iter().enumerate() {
        let path = format!("{path}.content[{number}]");
        blocks.extend(block(part, &path, dropped));
    }
    blocks
}

fn block(mut part: Part, path: &str, dropped: &mut Dropped) -> Option<Block> {
    let written = match part.view() {
        PartView::Text(_) | PartView::Refusal(_) => return text_block(part, path, dropped),
        PartView::ImageUrl(image) => {
            let precise = image.detail.as_deref().is_some_and(|detail| detail != "auto");
            dropped.add_if(precise, &format!("{path}.image_url.detail"));
            image_block(image)
        }
        PartView::File(file) => file_block(file),
        PartView::Other(kind) if OWN_PARTS.contains(&kind) => {
            return raw(&part).parse().ok().map(Block::Other);
        }
        PartView::InputAudio(_) | PartView::Other(_) => None,
    };
    let Some(mut written) = written else {
        dropped.add(path);
        return None;
    };
    let is_document = written.get_raw("type").is_some_and(|kind| kind.as_str() == r#""document""#);
    let own: &[&str] = if is_document { &DOCUMENT_MEMBERS } else { &["transformations"] };
    for name in own {
        if let Some(value) = part.extra.remove(name) {
            written.insert_raw(name, value);
        }
    }
    let cache_control = part.extra.remove("cache_control");
    dropped.add_members(&format!("{path}."), &part.extra);
    Some(Block::Other(written).cached(cache_control))
}

fn image_block(image: &ImageUrl) -> Option<Object> {
    let source = match DataUrl::parse(&image.url) {
        Some(data) => base64_source(data),
        None if is_data(&image.url) => return None,
        None => of_type("url").with("url", &image.url),
    };
    Some(of_type("image").with("source", &source))
}

fn base64_source(data: DataUrl<'_>) -> Object {
    of_type("base64").with("media_type", data.media_type).with("data", data.base64)
}

fn is_data(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// A document, or an image that came as a file.
fn file_block(file: &File) -> Option<Object> {
    let source = match (&file.file_data, &file.file_id) {
        (Some(data), _) => match DataUrl::parse(data) {
            Some(image) if image.media_type.starts_with("image/") => {
                return Some(of_type("image").with("source", &base64_source(image)));
            }
            Some(data) => document_source(data)?,
            None if data.starts_with(PDF_START) => {
                base64_source(DataUrl { media_type: "application/pdf", base64: data })
            }
            None if data.starts_with("https://") => of_type("url").with("url", data),
            None => return None,
        },
        (None, Some(id)) => of_type("file").with("file_id", id),
        (None, None) => {
            // Canonical has no address of a file; the caller side of this dialect writes one.
            let url = file.extra.get::<String>("file_url").ok().flatten()?;
            of_type("url").with("url", &url)
        }
    };
    let block = of_type("document").with("source", &source);
    Some(block.with_some("title", file.filename.as_ref()))
}

/// PDF stays as it is, text becomes plain. Others the API does not read.
fn document_source(data: DataUrl<'_>) -> Option<Object> {
    if data.media_type.eq_ignore_ascii_case("application/pdf") {
        return Some(base64_source(data));
    }
    const TEXTS: [&str; 3] = ["application/json", "application/xml", "application/yaml"];
    let is_text = data.media_type.starts_with("text/") || TEXTS.contains(&data.media_type);
    let bytes = is_text.then(|| STANDARD.decode(data.base64).ok())??;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.trim().is_empty())?;
    Some(of_type("text").with("media_type", "text/plain").with("data", &text))
}
