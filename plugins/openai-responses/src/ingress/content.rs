//! Content of messages and tool results: parts of the responses API as parts of a chat.

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, File, ImageUrl, Part};
use patchbay_sdk::canonical::{JsonKind, Object, Problem, RawJson};

use super::{left_over, object_at, set, take, take_required, under};

/// Reads content, which is a text or a list of parts.
pub(super) fn read(raw: &RawJson, path: &str) -> Result<Content, Failure> {
    let at_path = |problem| under(path, problem);
    match raw.kind() {
        JsonKind::String => Ok(Content::Text(raw.parse().map_err(at_path)?)),
        JsonKind::Array => {
            let list: Vec<RawJson> = raw.parse().map_err(at_path)?;
            let parts = list.iter().enumerate().map(|(index, raw)| {
                let path = format!("{path}[{index}]");
                part(object_at(raw, &path)?, &path)
            });
            parts.collect::<Result<_, _>>().map(Content::Parts)
        }
        other => {
            let problem = format!("must be a string or an array of parts, not {other}");
            Err(under(path, Problem::whole(problem)))
        }
    }
}

fn part(mut from: Object, path: &str) -> Result<Part, Failure> {
    let kind: String = take_required(&mut from, "type", path)?;
    let mut part = match kind.as_str() {
        "input_text" | "output_text" | "text" => {
            // Notes on text that a model wrote; a model has no use for them.
            for name in ["annotations", "logprobs"] {
                from.remove(name);
            }
            Part::of_text(take_required::<String>(&mut from, "text", path)?)
        }
        "refusal" => Part {
            kind,
            refusal: Some(take_required(&mut from, "refusal", path)?),
            ..Part::default()
        },
        "input_image" => image(&mut from, path)?,
        "input_file" => file(&mut from, path)?,
        // Sound, and what is not known, looks the same in a chat.
        _ => Part { kind, ..Part::default() },
    };
    part.extra = left_over(from);
    Ok(part)
}

fn image(from: &mut Object, path: &str) -> Result<Part, Failure> {
    if take::<String>(from, "file_id", path)?.is_some() {
        let message = "images are not looked up by file_id: send the image in image_url";
        return Err(Failure::invalid_request(&format!("{path}.file_id"), message));
    }
    let image = ImageUrl {
        url: take_required(from, "image_url", path)?,
        detail: take(from, "detail", path)?,
        ..ImageUrl::default()
    };
    Ok(Part { kind: "image_url".to_owned(), image_url: Some(image), ..Part::default() })
}

fn file(from: &mut Object, path: &str) -> Result<Part, Failure> {
    let mut file = File {
        file_data: take(from, "file_data", path)?,
        file_id: take(from, "file_id", path)?,
        filename: take(from, "filename", path)?,
        ..File::default()
    };
    for name in ["file_url", "detail"] {
        if let Some(value) = take::<String>(from, name, path)? {
            set(&mut file.extra, name, &value);
        }
    }
    Ok(Part { kind: "file".to_owned(), file: Some(file), ..Part::default() })
}
