//! Plugins: seen, installed, and what is done to their versions.

use administration::{
    AdminProblem, PluginAction, PluginTarget, PluginView, Precondition, UploadedPlugin,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::access::{Administering, Viewing};
use super::answer::Answer;
use super::asked::{Asked, if_match_required};
use super::entity_tags::entity_tag;
use super::refusal::Refusal;
use super::resources::Answered;

/// `GET /admin/plugins`: all on one page, there are few.
pub(crate) async fn list(who: Viewing, _: Asked) -> Answered {
    Ok(Answer::document(&who.administration().plugins()))
}

/// `GET /admin/plugins/{name}`
pub(crate) async fn show(who: Viewing, asked: Asked) -> Answered {
    let view = who.administration().plugin(asked.id())?;
    if asked.has_already(view.revision())? {
        return Ok(Answer::not_modified(view.revision()));
    }
    Ok(answer(&view))
}

/// `POST /admin/plugins`: 201 if the version serves, or takes its share; 202 if it waits for an
/// operator.
pub(crate) async fn upload(who: Administering, asked: Asked) -> Answered {
    let upload = asked.into_upload()?;
    let uploaded = who.administration().upload_plugin(who.acting(), upload).await?;
    let UploadedPlugin { view, waits } = uploaded;
    let status = if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    // Names of plugins need no encoding.
    let location = HeaderValue::try_from(format!("/admin/plugins/{}", view.name)).ok();
    let answer = answer(&view).status(status);
    Ok(match location {
        Some(location) => answer.with(header::LOCATION, location),
        None => answer,
    })
}

/// `POST /admin/plugins/{name}/approve`
pub(crate) async fn approve(who: Administering, asked: Asked) -> Answered {
    act(who, asked, PluginAction::approve).await
}

/// `POST /admin/plugins/{name}/pin`
pub(crate) async fn pin(who: Administering, asked: Asked) -> Answered {
    act(who, asked, |_| Ok(PluginAction::Pin)).await
}

/// `POST /admin/plugins/{name}/unpin`
pub(crate) async fn unpin(who: Administering, asked: Asked) -> Answered {
    act(who, asked, |_| Ok(PluginAction::Unpin)).await
}

/// `POST /admin/plugins/{name}/rollback`
pub(crate) async fn roll_back(who: Administering, asked: Asked) -> Answered {
    act(who, asked, PluginAction::roll_back).await
}

/// `POST /admin/plugins/{name}/canary`
pub(crate) async fn canary(who: Administering, asked: Asked) -> Answered {
    act(who, asked, PluginAction::canary).await
}

/// `POST /admin/plugins/{name}/promote`
pub(crate) async fn promote(who: Administering, asked: Asked) -> Answered {
    act(who, asked, |_| Ok(PluginAction::Promote)).await
}

/// `POST /admin/plugins/{name}/rollout`
pub(crate) async fn rollout(who: Administering, asked: Asked) -> Answered {
    act(who, asked, PluginAction::rollout).await
}

/// `DELETE /admin/plugins/{name}`
pub(crate) async fn remove(who: Administering, asked: Asked) -> Answered {
    let view = who.administration().plugin(asked.id())?;
    let precondition = match (asked.if_match(view.revision())?, view.revision()) {
        (Some(precondition), _) => precondition,
        (None, Some(_)) => return Err(if_match_required()),
        // The action says that it cannot be removed.
        (None, None) => Precondition::Exists,
    };
    let target = PluginTarget { name: asked.id(), precondition };
    who.administration().change_plugin(who.acting(), target, PluginAction::Remove).await?;
    Ok(Answer::nothing())
}

/// An action on a plugin that is there; `If-Match` may be left out.
async fn act(
    who: Administering,
    mut asked: Asked,
    read: impl Fn(Value) -> Result<PluginAction, AdminProblem>,
) -> Answered {
    let view = who.administration().plugin(asked.id())?;
    let precondition = asked.if_match(view.revision())?.unwrap_or(Precondition::Exists);
    let action = read(asked.take_document())?;
    let target = PluginTarget { name: asked.id(), precondition };
    let changed = who.administration().change_plugin(who.acting(), target, action).await?;
    let Some(view) = changed else { return Err(gone(&asked)) };
    Ok(answer(&view))
}

/// Somebody took its file away meanwhile.
fn gone(asked: &Asked) -> Refusal {
    let text = format!("the plugin {:?} is gone meanwhile; install it again", asked.id());
    AdminProblem::Conflict(text).into()
}

fn answer(view: &PluginView) -> Answer {
    let answer = Answer::document(view);
    match view.revision() {
        Some(revision) => answer.with(header::ETAG, entity_tag(revision)),
        None => answer,
    }
}
