//! Images, sound, films and documents: formats, sources and names that Converse takes.
//!
//! Nothing is fetched: content comes as a `data:` address, or lies in S3, where AWS reads it.
//! Another address is refused, because an answer about something that the model did not see is
//! none.

use std::borrow::Cow;
use std::collections::HashSet;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::Object;
use patchbay_sdk::canonical::chat::{File, InputAudio};
use patchbay_sdk::request::DataUrl;

use super::body::{Block, Document, Media, Source};

/// What a media type or the end of a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Image(&'static str),
    Video(&'static str),
    Audio(&'static str),
    Document(&'static str),
}

impl Format {
    fn of_media_type(media_type: &str) -> Option<Self> {
        let format = match media_type.to_ascii_lowercase().as_str() {
            "image/png" => Self::Image("png"),
            "image/jpeg" | "image/jpg" => Self::Image("jpeg"),
            "image/gif" => Self::Image("gif"),
            "image/webp" => Self::Image("webp"),
            "video/x-matroska" => Self::Video("mkv"),
            "video/quicktime" => Self::Video("mov"),
            "video/mp4" => Self::Video("mp4"),
            "video/webm" => Self::Video("webm"),
            "video/x-flv" => Self::Video("flv"),
            "video/mpeg" => Self::Video("mpeg"),
            "video/x-ms-wmv" => Self::Video("wmv"),
            "video/3gpp" => Self::Video("three_gp"),
            "audio/mpeg" | "audio/mp3" => Self::Audio("mp3"),
            "audio/wav" | "audio/x-wav" | "audio/wave" => Self::Audio("wav"),
            "audio/aac" => Self::Audio("aac"),
            "audio/flac" | "audio/x-flac" => Self::Audio("flac"),
            "audio/mp4" | "audio/x-m4a" => Self::Audio("m4a"),
            "audio/ogg" => Self::Audio("ogg"),
            "audio/opus" => Self::Audio("opus"),
            "audio/webm" => Self::Audio("webm"),
            "application/pdf" => Self::Document("pdf"),
            "application/msword" => Self::Document("doc"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => {
                Self::Document("docx")
            }
            "application/vnd.ms-excel" => Self::Document("xls"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => {
                Self::Document("xlsx")
            }
            "text/csv" => Self::Document("csv"),
            "text/html" => Self::Document("html"),
            "text/markdown" => Self::Document("md"),
            "application/json" | "application/xml" | "application/yaml" => Self::Document("txt"),
            text if text.starts_with("text/") => Self::Document("txt"),
            _ => return None,
        };
        Some(format)
    }

    fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        let format = match end.to_ascii_lowercase().as_str() {
            "png" => Self::Image("png"),
            "jpeg" | "jpg" => Self::Image("jpeg"),
            "gif" => Self::Image("gif"),
            "webp" => Self::Image("webp"),
            "mkv" => Self::Video("mkv"),
            "mov" => Self::Video("mov"),
            "mp4" => Self::Video("mp4"),
            "webm" => Self::Video("webm"),
            "flv" => Self::Video("flv"),
            "mpeg" | "mpg" => Self::Video("mpeg"),
            "wmv" => Self::Video("wmv"),
            "3gp" => Self::Video("three_gp"),
            audio @ ("mp3" | "wav" | "aac" | "flac" | "m4a" | "ogg" | "opus" | "mka" | "pcm") => {
                Self::Audio(audio_format(audio)?)
            }
            "pdf" => Self::Document("pdf"),
            "csv" => Self::Document("csv"),
            "doc" => Self::Document("doc"),
            "docx" => Self::Document("docx"),
            "xls" => Self::Document("xls"),
            "xlsx" => Self::Document("xlsx"),
            "html" | "htm" => Self::Document("html"),
            "md" => Self::Document("md"),
            "txt" | "json" | "xml" | "yaml" | "yml" => Self::Document("txt"),
            _ => return None,
        };
        Some(format)
    }
}

fn audio_format(name: &str) -> Option<&'static str> {
    const FORMATS: [&str; 15] = [
        "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg",
        "mpga", "pcm", "webm",
    ];
    FORMATS.into_iter().find(|format| *format == name)
}

/// An image by its address.
pub(super) fn image<'a>(path: &str, url: &'a str) -> Result<Block<'a>, Failure> {
    match resolve(path, url, None)? {
        (Format::Image(format), source) => Ok(Block::Image(Media { format, source })),
        _ => Err(unknown_format(path)),
    }
}

/// A film: `video_url`, as several providers have it beside `image_url`.
pub(super) fn video<'a>(path: &str, extra: &'a Object) -> Result<Block<'a>, Failure> {
    #[derive(serde::Deserialize)]
    struct VideoUrl<'a> {
        #[serde(borrow)]
        url: Cow<'a, str>,
    }
    let path = format!("{path}.video_url.url");
    let raw = extra.get_raw("video_url").map(|raw| raw.as_str()).unwrap_or_default();
    let video: VideoUrl<'a> = serde_json::from_str(raw)
        .map_err(|_| Failure::invalid_request(&path, "a film needs its address as url"))?;
    let (format, source) = match &video.url {
        Cow::Borrowed(url) => resolve(&path, url, None)?,
        Cow::Owned(url) => {
            let (format, source) = resolve(&path, url, None)?;
            match source {
                Source::Bytes(bytes) => (format, Source::Bytes(Cow::Owned(bytes.into_owned()))),
                Source::S3Location { .. } => return Err(unknown_address(&path)),
            }
        }
    };
    match format {
        Format::Video(format) => Ok(Block::Video(Media { format, source })),
        _ => Err(unknown_format(&path)),
    }
}

/// Sound.
pub(super) fn audio<'a>(path: &str, audio: &'a InputAudio) -> Result<Block<'a>, Failure> {
    let param = format!("{path}.input_audio.format");
    let format = audio_format(&audio.format).ok_or_else(|| unknown_format(&param))?;
    let source = Source::Bytes(standard_base64(&audio.data));
    Ok(Block::Audio(Media { format, source }))
}

/// A file, whatever is in it.
pub(super) fn file<'a>(
    path: &str,
    file: &'a File,
    names: &mut DocumentNames,
) -> Result<Block<'a>, Failure> {
    let Some(data) = &file.file_data else {
        let param = format!("{path}.file.file_id");
        let message = "Bedrock has no uploaded files: send file_data, a data: or s3:// address";
        return Err(Failure::invalid_request(&param, message));
    };
    let name = file.filename.as_deref();
    let (format, source) = resolve(&format!("{path}.file.file_data"), data, name)?;
    Ok(match format {
        Format::Image(format) => Block::Image(Media { format, source }),
        Format::Video(format) => Block::Video(Media { format, source }),
        Format::Audio(format) => Block::Audio(Media { format, source }),
        Format::Document(format) => {
            let name = names.next(name.unwrap_or_default());
            Block::Document(Document { format, name, source })
        }
    })
}

/// What an address holds. The media type decides; where it says nothing, the name does.
fn resolve<'a>(
    path: &str,
    url: &'a str,
    name: Option<&str>,
) -> Result<(Format, Source<'a>), Failure> {
    if url.starts_with("s3://") {
        let format = Format::of_name(name.unwrap_or(url)).or_else(|| Format::of_name(url));
        let format = format.ok_or_else(|| unknown_format(path))?;
        return Ok((format, Source::S3Location { uri: url }));
    }
    let data = DataUrl::parse(url).ok_or_else(|| unknown_address(path))?;
    let format = Format::of_media_type(data.media_type)
        .or_else(|| Format::of_name(name?))
        .ok_or_else(|| unknown_format(path))?;
    Ok((format, Source::Bytes(standard_base64(data.base64))))
}

fn unknown_address(path: &str) -> Failure {
    let message = "Bedrock fetches nothing from the web: send the content itself as a data: \
                   address with base64, or put it into S3 and send its s3:// address";
    Failure::invalid_request(path, message)
}

fn unknown_format(path: &str) -> Failure {
    let message = "Bedrock's Converse API does not take this format here";
    Failure::invalid_request(path, message)
}

/// AWS reads the standard alphabet with padding; addresses may use the other one without.
fn standard_base64(base64: &str) -> Cow<'_, str> {
    let is_standard = !base64.contains(['-', '_']) && base64.len().is_multiple_of(4);
    if is_standard {
        return Cow::Borrowed(base64);
    }
    let mut standard = base64.replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    Cow::Owned(standard)
}

/// Names of documents: letters, digits, single blanks, hyphens, parentheses and square brackets,
/// and no name twice in a request.
#[derive(Default)]
pub(super) struct DocumentNames(HashSet<String>);

impl DocumentNames {
    const MAX_CHARS: usize = 200;

    fn next(&mut self, filename: &str) -> String {
        let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-()[]".contains(c);
        let words: Vec<String> = stem
            .split(|c: char| !allowed(c))
            .filter(|word| !word.is_empty())
            .map(Into::into)
            .collect();
        let base = if words.is_empty() { "document".to_owned() } else { words.join(" ") };
        let mut name = cut(&base, Self::MAX_CHARS);
        let mut number = 1_u32;
        while self.0.contains(&name) {
            number = number.saturating_add(1);
            let end = format!(" {number}");
            name = cut(&base, Self::MAX_CHARS - end.len()) + &end;
        }
        self.0.insert(name.clone());
        name
    }
}

/// The text is ASCII: a byte is a character.
fn cut(text: &str, chars: usize) -> String {
    text.get(..chars).unwrap_or(text).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_names_are_allowed_and_distinct() {
        let mut names = DocumentNames::default();
        let long = "x".repeat(300);
        let cases = [
            ("Report_v1.final.pdf", "Report v1 final"),
            ("John's  report #3 (draft) [a].pdf", "John s report 3 (draft) [a]"),
            ("分析.pdf", "document"),
            ("", "document 2"),
            (".pdf", "document 3"),
            ("Report v1 final.docx", "Report v1 final 2"),
        ];
        for (filename, name) in cases {
            assert_eq!(names.next(filename), name, "{filename}");
        }
        assert_eq!(names.next(&long).len(), 200);
        let second = names.next(&long);
        assert_eq!((second.len(), &second[196..]), (200, "xx 2"));
    }

    #[test]
    fn base64_becomes_what_aws_reads() {
        for (given, sent) in [("AA==", "AA=="), ("AA", "AA=="), ("-_8=", "+/8="), ("", "")] {
            assert_eq!(standard_base64(given), sent);
        }
    }

    #[test]
    fn the_media_type_decides_and_the_name_helps() {
        let cases = [
            ("data:image/jpg;base64,AA==", None, Some(Format::Image("jpeg"))),
            ("data:text/x-python;base64,AA==", Some("a.pdf"), Some(Format::Document("txt"))),
            (
                "data:application/octet-stream;base64,AA==",
                Some("a.xlsx"),
                Some(Format::Document("xlsx")),
            ),
            ("data:application/octet-stream;base64,AA==", None, None),
            ("s3://bucket/a.mp4", None, Some(Format::Video("mp4"))),
            ("s3://bucket/a", Some("b.MP3"), Some(Format::Audio("mp3"))),
            ("s3://bucket/a", None, None),
            ("https://example.com/a.png", None, None),
        ];
        for (url, name, format) in cases {
            let found = resolve("p", url, name).ok().map(|(format, _)| format);
            assert_eq!(found, format, "{url}");
        }
    }
}
