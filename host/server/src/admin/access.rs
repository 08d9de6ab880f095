//! Who administers: a type in a handler's signature.

use std::marker::PhantomData;
use std::sync::Arc;

use administration::{Acting, AdminProblem, Administration, Role};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::AdminParts;
use super::refusal::Refusal;
use crate::authentication::{bearer, sole};
use crate::connections::Peer;
use crate::service::Service;
use crate::visit::Visit;

const HOW_TO: &str = "send an operator's token as \"Authorization: Bearer <token>\"; \
                      `patchbay token` makes one";

/// An operator of any role.
pub(crate) type Viewing = Granted<Reads>;

/// An operator who may change things.
pub(crate) type Administering = Granted<Writes>;

/// For endpoints that change nothing.
pub(crate) enum Reads {}

/// For endpoints that change something, or show more than what resources are.
pub(crate) enum Writes {}

/// The role that an endpoint wants at least.
pub(crate) trait Requires: Send + 'static {
    /// That role.
    const ROLE: Role;
}

impl Requires for Reads {
    const ROLE: Role = Role::Viewer;
}

impl Requires for Writes {
    const ROLE: Role = Role::Admin;
}

/// A request whose operator is known and may do what it asks for; and what it is done with.
pub(crate) struct Granted<R> {
    acting: Acting,
    parts: Arc<AdminParts>,
    service: Arc<dyn Service>,
    role: PhantomData<R>,
}

/// Where a request came in, and what is behind the door.
pub(crate) struct Doorway<'a> {
    /// Who is connected.
    pub(crate) peer: Peer,
    /// The request's head.
    pub(crate) headers: &'a HeaderMap,
    /// The admin API.
    pub(crate) parts: &'a Arc<AdminParts>,
    /// The rest of the gateway.
    pub(crate) service: &'a Arc<dyn Service>,
}

impl<R: Requires> Granted<R> {
    /// Finds out who asks and whether the role is enough. The record names the operator, even
    /// if it is not.
    ///
    /// # Errors
    /// Why the operator is not let in.
    pub(crate) async fn find(visit: &mut Visit, doorway: Doorway<'_>) -> Result<Self, Refusal> {
        let token = presented_token(doorway.headers)?;
        let operator = doorway.parts.tokens.verify(doorway.peer.0, token).await?;
        visit.note_operator(&operator.subject);
        if operator.role < R::ROLE {
            return Err(AdminProblem::RoleNotAllowed.into());
        }
        Ok(Self {
            acting: Acting { operator, request_id: visit.request_id().clone() },
            parts: Arc::clone(doorway.parts),
            service: Arc::clone(doorway.service),
            role: PhantomData,
        })
    }

    /// The actions.
    pub(crate) fn administration(&self) -> &Administration {
        &self.parts.administration
    }

    /// The admin API as a whole.
    pub(crate) fn parts(&self) -> &Arc<AdminParts> {
        &self.parts
    }

    /// The rest of the gateway.
    pub(crate) fn service(&self) -> &dyn Service {
        &*self.service
    }
}

impl Administering {
    /// Who acts, for the audit log. Only here: reading is not audited.
    pub(crate) fn acting(&self) -> &Acting {
        &self.acting
    }
}

/// The token in `Authorization: Bearer` (RFC 6750); `None` if there is no such header.
fn presented_token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let refused =
        |what: &str| Refusal::from(AdminProblem::Unauthenticated(format!("{what}; {HOW_TO}")));
    let value = sole(headers, &AUTHORIZATION)
        .ok_or_else(|| refused("there are several Authorization headers"))?;
    let token = value.map(|value| {
        bearer(value)
            .ok_or_else(|| refused("the Authorization header is not \"Bearer\" and a token"))
    });
    token.transpose()
}
