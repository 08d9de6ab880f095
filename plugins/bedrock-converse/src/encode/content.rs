//! What a message says, as blocks.

use std::borrow::Cow;

use patchbay_sdk::Failure;
use patchbay_sdk::canonical::chat::{Content, Message, Part, PartView, Role};
use patchbay_sdk::canonical::{Object, RawJson};

use super::Job;
use super::body::{Block, CachePoint};
use super::media::{self, DocumentNames};

/// Where blocks stand, which decides what they may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Text alone.
    System,
    /// Text and media.
    User,
    /// Text alone.
    Assistant,
    /// Text and media but sound; cache points come after the result.
    ToolResult,
}

/// A part of the request, and where its blocks stand.
#[derive(Clone, Copy)]
pub(super) struct Spot<'p> {
    pub(super) path: &'p str,
    pub(super) place: Place,
}

/// Writes blocks, and names what they do not hold.
pub(super) struct Writer<'j, 's> {
    pub(super) job: &'j mut Job<'s>,
    names: DocumentNames,
    /// A cache point that a part of a tool's result asked for.
    held: Option<CachePoint>,
}

impl<'j, 's> Writer<'j, 's> {
    pub(super) fn new(job: &'j mut Job<'s>) -> Self {
        Self { job, names: DocumentNames::default(), held: None }
    }

    /// The content of a message.
    pub(super) fn content<'a>(
        &mut self,
        spot: Spot<'_>,
        content: Option<&'a Content>,
        blocks: &mut Vec<Block<'a>>,
    ) -> Result<(), Failure> {
        match content {
            None => {}
            Some(Content::Text(text)) => self.text(text, blocks),
            Some(Content::Parts(parts)) => {
                for (at, part) in parts.iter().enumerate() {
                    let path = format!("{}.content[{at}]", spot.path);
                    self.part(Spot { path: &path, place: spot.place }, part, blocks)?;
                }
            }
        }
        Ok(())
    }

    /// Text that is not blank: Converse refuses blank blocks, and they say nothing.
    pub(super) fn text<'a>(&mut self, text: &'a str, blocks: &mut Vec<Block<'a>>) {
        if !text.trim().is_empty() {
            blocks.push(Block::Text(Cow::Borrowed(text)));
        }
    }

    /// The other members of a message: a cache point after its blocks, and what is dropped.
    pub(super) fn rest<'a>(
        &mut self,
        path: &str,
        message: &'a Message,
        blocks: &mut Vec<Block<'a>>,
    ) {
        // A tool's name is that of the function; the call's id says as much.
        let named = message.name.is_some() && message.role != Role::Tool;
        self.job.dropped.add_if(named, &format!("{path}.name"));
        let point = self.extra(path, &message.extra, message.role == Role::Tool);
        let point = point.or(self.held.take());
        add_point(point, blocks);
    }

    fn part<'a>(
        &mut self,
        Spot { path, place }: Spot<'_>,
        part: &'a Part,
        blocks: &mut Vec<Block<'a>>,
    ) -> Result<(), Failure> {
        let before = blocks.len();
        match part.view() {
            PartView::Text(text) | PartView::Refusal(text) => self.text(text, blocks),
            _ if matches!(place, Place::System | Place::Assistant) => self.job.dropped.add(path),
            PartView::ImageUrl(image) => {
                let finer = image.detail.as_deref().is_some_and(|detail| detail != "auto");
                self.job.dropped.add_if(finer, &format!("{path}.image_url.detail"));
                let at = format!("{path}.image_url.url");
                blocks.push(media::image(&at, &image.url)?);
            }
            PartView::File(file) => blocks.push(media::file(path, file, &mut self.names)?),
            PartView::InputAudio(audio) if place == Place::User => {
                blocks.push(media::audio(path, audio)?);
            }
            PartView::Other("video_url") => {
                blocks.push(media::video(path, &part.extra)?);
            }
            PartView::InputAudio(_) | PartView::Other(_) => self.job.dropped.add(path),
        }
        let point = self.extra(path, &part.extra, false);
        if place == Place::ToolResult {
            self.held = self.held.take().or(point);
        } else if blocks.len() > before {
            add_point(point, blocks);
        }
        Ok(())
    }

    /// Reads `cache_control`, and names the members that nobody reads.
    fn extra(&mut self, path: &str, extra: &Object, is_tool: bool) -> Option<CachePoint> {
        let mut point = None;
        for (name, value) in extra.iter() {
            match name {
                "cache_control" => point = cache_point(path, value, self.job),
                "is_error" if is_tool => {}
                "video_url" => {}
                // Clients send a message back as they got it, with empty lists of what it had not.
                _ if value.is_null() || value.as_str() == "[]" => {}
                _ if name.bytes().all(|b| b.is_ascii_graphic()) => {
                    self.job.dropped.add(format!("{path}.{name}"));
                }
                _ => {}
            }
        }
        point
    }
}

/// Anthropic's `cache_control` as Converse's `cachePoint`, which stands after what it is about.
pub(super) fn cache_point(path: &str, control: &RawJson, job: &mut Job<'_>) -> Option<CachePoint> {
    if control.is_null() {
        return None;
    }
    let control: Option<Object> = control.parse().ok().filter(|_| job.settings.cache_points);
    let Some(control) = control else {
        job.dropped.add(format!("{path}.cache_control"));
        return None;
    };
    let ttl = match control.get::<String>("ttl").ok().flatten().as_deref() {
        None => None,
        Some("5m") => Some("5m"),
        Some("1h") => Some("1h"),
        Some(_) => {
            job.dropped.add(format!("{path}.cache_control.ttl"));
            None
        }
    };
    Some(CachePoint { kind: "default", ttl })
}

/// Converse refuses a point with nothing before it, one after another, and one after reasoning.
fn add_point(point: Option<CachePoint>, blocks: &mut Vec<Block<'_>>) {
    let Some(point) = point else { return };
    match blocks.last() {
        None | Some(Block::CachePoint(_) | Block::ReasoningContent(_)) => {}
        Some(_) => blocks.push(Block::CachePoint(point)),
    }
}
