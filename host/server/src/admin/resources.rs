//! Providers, API keys and routes: what is the same for all three, and what is not.

use administration::{Noun, Precondition, Target, View};
use http::HeaderValue;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::access::{Administering, Viewing};
use super::answer::Answer;
use super::asked::{Asked, if_match_required};
use super::refusal::Refusal;

/// What an endpoint answers.
pub(crate) type Answered = Result<Answer, Refusal>;

#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Map<String, Value>>,
    next_cursor: Option<String>,
}

/// `GET /admin/NOUNS`
pub(crate) async fn list(noun: Noun, who: Viewing, asked: Asked) -> Answered {
    let found = who.administration().list(noun, &asked.page()?)?;
    let list = List { object: "list", data: found.data, next_cursor: found.next_cursor };
    Ok(Answer::document(&list))
}

/// `POST /admin/NOUNS`
pub(crate) async fn create(noun: Noun, who: Administering, asked: Asked) -> Answered {
    let view = who.administration().create(who.acting(), noun, asked.into_document()).await?;
    let location = location(noun, &view);
    Ok(Answer::created(&view, location))
}

/// `GET /admin/NOUNS/{id}`
pub(crate) async fn show(noun: Noun, who: Viewing, asked: Asked) -> Answered {
    let view = who.administration().show(noun, asked.id())?;
    if asked.has_already(view.etag)? {
        return Ok(Answer::not_modified(view.etag));
    }
    Ok(Answer::view(&view))
}

/// `PUT /admin/NOUNS/{id}`
pub(crate) async fn replace(noun: Noun, who: Administering, mut asked: Asked) -> Answered {
    let document = asked.take_document();
    let target = seen_target(noun, &who, &asked)?;
    let view = who.administration().replace(who.acting(), target, document).await?;
    Ok(Answer::view(&view))
}

/// `PATCH /admin/NOUNS/{id}`
pub(crate) async fn patch(noun: Noun, who: Administering, mut asked: Asked) -> Answered {
    let patch = asked.take_document();
    let target = seen_target(noun, &who, &asked)?;
    let view = who.administration().patch(who.acting(), target, patch).await?;
    Ok(Answer::view(&view))
}

/// `DELETE /admin/NOUNS/{id}`
pub(crate) async fn remove(noun: Noun, who: Administering, asked: Asked) -> Answered {
    let target = seen_target(noun, &who, &asked)?;
    who.administration().remove(who.acting(), target).await?;
    Ok(Answer::nothing())
}

/// `POST /admin/apikeys/{id}/revoke`
pub(crate) async fn revoke_key(who: Administering, asked: Asked) -> Answered {
    let view = who.administration().revoke_key(who.acting(), asked.id()).await?;
    Ok(Answer::view(&view))
}

/// `POST /admin/providers/{id}/test`. Only for who may change things: it costs at the provider.
pub(crate) async fn test_provider(who: Administering, asked: Asked) -> Answered {
    let report = who.administration().test_provider(asked.id()).await?;
    Ok(Answer::document(&report))
}

/// `POST /admin/providers/{id}/rotate-credentials`
pub(crate) async fn rotate_credentials(who: Administering, mut asked: Asked) -> Answered {
    let document = asked.take_document();
    let target = any_target(Noun::Provider, &who, &asked)?;
    let view = who.administration().rotate_credentials(who.acting(), target, document).await?;
    Ok(Answer::view(&view))
}

/// `POST /admin/providers/{id}/rollback-credentials`
pub(crate) async fn roll_back_credentials(who: Administering, asked: Asked) -> Answered {
    let target = any_target(Noun::Provider, &who, &asked)?;
    let view = who.administration().roll_back_credentials(who.acting(), target).await?;
    Ok(Answer::view(&view))
}

/// What is changed, where `If-Match` has to be. What is not there is not found rather than
/// unconditional; what the configuration file says has no tag, and the action refuses it.
fn seen_target<'a>(
    noun: Noun,
    who: &Administering,
    asked: &'a Asked,
) -> Result<Target<'a>, Refusal> {
    let shown = who.administration().show(noun, asked.id());
    let current = shown.as_ref().ok().and_then(|view| view.etag);
    let precondition = match (asked.if_match(current)?, shown) {
        (Some(precondition), _) => precondition,
        (None, Err(problem)) => return Err(problem.into()),
        (None, Ok(view)) if view.etag.is_some() => return Err(if_match_required()),
        (None, Ok(_)) => Precondition::Exists,
    };
    Ok(Target { noun, id: asked.id(), precondition })
}

/// What is changed, where `If-Match` may be.
fn any_target<'a>(
    noun: Noun,
    who: &Administering,
    asked: &'a Asked,
) -> Result<Target<'a>, Refusal> {
    let current = who.administration().show(noun, asked.id()).ok().and_then(|view| view.etag);
    let precondition = asked.if_match(current)?.unwrap_or(Precondition::Exists);
    Ok(Target { noun, id: asked.id(), precondition })
}

/// The path of a resource.
fn location(noun: Noun, view: &View) -> HeaderValue {
    let (collection, member) = match noun {
        Noun::Provider => ("providers", "id"),
        Noun::ApiKey => ("apikeys", "id"),
        Noun::Route => ("routes", "model"),
    };
    let id = view.body.get(member).and_then(Value::as_str).unwrap_or_default();
    let mut url = Url::parse("http://gateway/").expect("this is a URL");
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(["admin", collection, id]);
    }
    HeaderValue::from_str(url.path()).expect("a URL's path is printable ASCII")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_location_is_one_segment_behind_its_collection() {
        for (noun, member, id, expected) in [
            (Noun::Provider, "id", "main", "/admin/providers/main"),
            (Noun::ApiKey, "id", "key-1", "/admin/apikeys/key-1"),
            (Noun::Route, "model", "org/big:7b", "/admin/routes/org%2Fbig:7b"),
            (Noun::Route, "model", "a b%2F?#é", "/admin/routes/a%20b%252F%3F%23%C3%A9"),
        ] {
            let body = Map::from_iter([(member.to_owned(), json!(id))]);
            assert_eq!(location(noun, &View { etag: None, body }), expected);
        }
    }
}
