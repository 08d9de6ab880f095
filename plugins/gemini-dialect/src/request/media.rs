//! Images, sound and files as parts.
//!
//! An address of `data:` becomes `inlineData`, any other `fileData`, which the provider fetches
//! itself (<https://ai.google.dev/gemini-api/docs/file-input-methods>). That needs a media type:
//! a member `mime_type` or `format` beside the address says it, else the ending of its path, else
//! `image/jpeg` for images and `application/pdf` for files. Files of the Gemini API's own keep
//! the type they were uploaded with, and films of YouTube need none.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{File, ImageUrl, InputAudio};
use patchbay_sdk::canonical::{JsonKind, Object};
use patchbay_sdk::request::{DataUrl, Dropped};

use super::drop_rest;
use super::parts::{Blob, FileData, Part};

/// Media types by the ending of a path.
const TYPES: [(&str, &str); 28] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("bmp", "image/bmp"),
    ("pdf", "application/pdf"),
    ("json", "application/json"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("xml", "text/xml"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("aiff", "audio/aiff"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("m4a", "audio/m4a"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mov", "video/mov"),
    ("avi", "video/avi"),
    ("webm", "video/webm"),
    ("3gp", "video/3gpp"),
];

/// An image. `detail` is not one of the API's members for all models, so it is named.
pub(crate) fn image<'a>(
    image: &'a ImageUrl,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Part<'a>, Failure> {
    let automatic = image.detail.as_deref().is_none_or(|detail| detail == "auto");
    dropped.add_if(!automatic, &format!("{path}.image_url.detail"));
    let mut rest = image.extra.clone();
    let stated = take_type(&mut rest);
    drop_rest(dropped, &format!("{path}.image_url"), &rest);
    at(&image.url, stated, "image/jpeg").ok_or_else(|| not_an_address(path, "image_url.url"))
}

/// A film: `{"type": "video_url", "video_url": {"url": "…"}}`, as several servers take it.
pub(crate) fn video<'a>(video: &Object, path: &str) -> Result<Part<'a>, Failure> {
    let url: Option<String> = video.get("url").ok().flatten();
    let stated = take_type(&mut video.clone());
    let part = url.and_then(|url| Some(owned(at(&url, stated, "video/mp4")?)));
    part.ok_or_else(|| not_an_address(path, "video_url.url"))
}

/// Sound in the request.
pub(crate) fn audio<'a>(audio: &'a InputAudio, path: &str, dropped: &mut Dropped) -> Part<'a> {
    drop_rest(dropped, &format!("{path}.input_audio"), &audio.extra);
    let mime_type = format!("audio/{}", audio.format.to_ascii_lowercase()).into();
    let blob = Blob { mime_type, data: Cow::Borrowed(&audio.data) };
    Part { inline_data: Some(blob), ..Part::default() }
}

/// A file: its content, or the address of an uploaded one in `file_id`.
pub(crate) fn file<'a>(
    file: &'a File,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Part<'a>, Failure> {
    dropped.add_if(file.filename.is_some(), &format!("{path}.file.filename"));
    let mut rest = file.extra.clone();
    let stated = take_type(&mut rest);
    drop_rest(dropped, &format!("{path}.file"), &rest);
    let named = file.filename.as_deref().and_then(by_ending).unwrap_or("application/pdf");
    if let Some(data) = &file.file_data {
        return at(data, stated, named).ok_or_else(|| not_an_address(path, "file.file_data"));
    }
    let part = file.file_id.as_deref().and_then(|id| at(id, stated, named));
    part.ok_or_else(|| {
        let path = format!("{path}.file.file_id");
        let message = "this provider knows files by their address, https: or gs:, \
                       or by their content in file_data";
        Failure::invalid_request(&path, message)
    })
}

/// What is at an address; `None` if it is none that the provider reads.
fn at<'a>(url: &'a str, stated: Option<String>, otherwise: &'static str) -> Option<Part<'a>> {
    if let Some(data) = DataUrl::parse(url) {
        let mime_type = stated.map_or(Cow::Borrowed(data.media_type), Cow::Owned);
        let blob = Blob { mime_type, data: Cow::Borrowed(data.base64) };
        return Some(Part { inline_data: Some(blob), ..Part::default() });
    }
    let (scheme, rest) = url.split_once("://")?;
    if !["https", "http", "gs"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let mime_type = match stated {
        Some(stated) => Some(Cow::Owned(stated)),
        None if knows_its_type(rest) => None,
        None => Some(Cow::Borrowed(by_ending(rest).unwrap_or(otherwise))),
    };
    let data = FileData { mime_type, file_uri: Cow::Borrowed(url) };
    Some(Part { file_data: Some(data), ..Part::default() })
}

fn knows_its_type(rest: &str) -> bool {
    let host = rest.split('/').next().unwrap_or_default();
    let is_upload = host == "generativelanguage.googleapis.com" && rest.contains("/files/");
    is_upload || ["www.youtube.com", "youtube.com", "youtu.be"].contains(&host)
}

/// The media type that the ending of a path or a name says.
fn by_ending(path: &str) -> Option<&'static str> {
    let path = path.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    let known = TYPES.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map(|(_, media_type)| *media_type)
}

fn take_type(members: &mut Object) -> Option<String> {
    ["mime_type", "format"].into_iter().find_map(|name| {
        let text = members.get_raw(name).is_some_and(|raw| raw.kind() == JsonKind::String);
        let stated: String = text.then(|| members.take(name).ok().flatten()).flatten()?;
        // A format such as "png" is no media type.
        stated.contains('/').then_some(stated)
    })
}

fn owned<'a>(part: Part<'_>) -> Part<'a> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Part {
        inline_data: part
            .inline_data
            .map(|blob| Blob { mime_type: own(blob.mime_type), data: own(blob.data) }),
        file_data: part.file_data.map(|data| FileData {
            mime_type: data.mime_type.map(own),
            file_uri: own(data.file_uri),
        }),
        ..Part::default()
    }
}

fn not_an_address(path: &str, member: &str) -> Failure {
    let message = "the address has to begin with data: (and hold base64), https: or gs:";
    Failure::invalid_request(&format!("{path}.{member}"), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(url: &str) -> Option<String> {
        at(url, None, "image/jpeg")?.file_data?.mime_type.map(Cow::into_owned)
    }

    #[test]
    fn an_address_says_its_type_or_gets_the_usual_one() {
        let cases = [
            ("https://example.com/a.b/cat.PNG?x=1.gif#y", Some("image/png")),
            ("gs://bucket/clip.mp4", Some("video/mp4")),
            ("https://example.com/cat", Some("image/jpeg")),
            ("https://example.com/v1.2/cat", Some("image/jpeg")),
            ("https://generativelanguage.googleapis.com/v1beta/files/abc", None),
            ("https://www.youtube.com/watch?v=abc", None),
        ];
        for (url, expected) in cases {
            assert_eq!(type_of(url).as_deref(), expected, "{url}");
        }
        for url in ["ftp://example.com/a.png", "cat.png", "data:image/png,raw", "files/abc"] {
            assert!(at(url, None, "image/jpeg").is_none(), "{url}");
        }
    }
}
