//! How the gateway is, and its master key.

use administration::CheckView;

use super::access::{Administering, Viewing};
use super::answer::Answer;
use super::asked::Asked;
use super::resources::Answered;
use crate::service::ReadinessCheck;

/// `GET /admin/status`: how the room is, and whether requests can be answered.
pub(crate) async fn status(who: Viewing, _: Asked) -> Answered {
    let mut status = who.administration().status();
    for check in who.service().readiness().checks {
        // What the room has looked at itself it knows better.
        if status.checks.iter().all(|known| known.name != check.name) {
            let ReadinessCheck { name, ok: good, reason } = check;
            status.checks.push(CheckView { name, good, reason });
        }
    }
    Ok(Answer::document(&status))
}

/// `GET /admin/master-key`
pub(crate) async fn master_key(who: Viewing, _: Asked) -> Answered {
    Ok(Answer::document(&who.administration().master_key()))
}

/// `POST /admin/master-key/rotate`
pub(crate) async fn rotate_master_key(who: Administering, _: Asked) -> Answered {
    Ok(Answer::document(&who.administration().rotate_master_key(who.acting()).await?))
}
