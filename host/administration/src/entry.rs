//! A stored resource in memory: what serves, and what the record says besides.

use std::sync::Arc;

use resources::Problem;
use serde_json::{Map, Value};
use store::{Kind, Revision};
use time::OffsetDateTime;

use crate::board::Noun;
use crate::holdings::{HeldKey, HeldProvider, HeldRoute};
use crate::records::{Body, KeyParticulars, NoParticulars, SealedCredentials};

/// A stored resource.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The commit that wrote the record: what the store expects of the next one.
    pub(crate) written_by: Revision,
    /// The commit of the operator's latest change: the entity tag.
    pub(crate) etag: Revision,
    /// When it was made.
    pub(crate) created_at: OffsetDateTime,
    /// When an operator changed it last.
    pub(crate) updated_at: OffsetDateTime,
    /// What it is.
    pub(crate) resource: Resource,
}

/// What a stored resource is. [`crate::Holdings`] have the same `held`.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// An upstream account.
    Provider(StoredProvider),
    /// An API key.
    ApiKey(StoredKey),
    /// A public model name.
    Route(Arc<HeldRoute>),
}

/// A stored provider.
#[derive(Clone, Debug)]
pub(crate) struct StoredProvider {
    /// What serves.
    pub(crate) held: Arc<HeldProvider>,
    /// Its secrets, as they are kept.
    pub(crate) credentials: SealedCredentials,
    /// Slots whose secret did not open.
    pub(crate) unopened: Vec<Problem>,
}

/// A stored API key.
#[derive(Clone, Debug)]
pub(crate) struct StoredKey {
    /// What serves.
    pub(crate) held: Arc<HeldKey>,
    /// What is known besides the document.
    pub(crate) particulars: KeyParticulars,
}

impl Entry {
    /// The body of its record, as an operator's change writes it.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.body_tagged(None)
    }

    /// The body of its record, as the gateway itself writes it: the entity tag stays.
    pub(crate) fn body_keeping_etag(&self) -> Vec<u8> {
        self.body_tagged(Some(self.etag))
    }

    fn body_tagged(&self, etag: Option<Revision>) -> Vec<u8> {
        let times = (self.created_at, self.updated_at);
        let document = self.resource.document().clone();
        match &self.resource {
            Resource::Provider(provider) => {
                Body::new(times, document, provider.credentials.clone()).write(etag)
            }
            Resource::ApiKey(key) => {
                Body::new(times, document, key.particulars.clone()).write(etag)
            }
            Resource::Route(_) => Body::new(times, document, NoParticulars {}).write(etag),
        }
    }

    /// The same with other secrets sealed, which are the same when opened.
    pub(crate) fn with_credentials(&self, credentials: SealedCredentials) -> Self {
        let mut entry = self.clone();
        if let Resource::Provider(provider) = &mut entry.resource {
            provider.credentials = credentials;
        }
        entry
    }
}

impl Resource {
    /// Its sort.
    pub(crate) fn noun(&self) -> Noun {
        match self {
            Self::Provider(_) => Noun::Provider,
            Self::ApiKey(_) => Noun::ApiKey,
            Self::Route(_) => Noun::Route,
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Provider(provider) => provider.held.provider.id.as_str(),
            Self::ApiKey(key) => key.held.key.id.as_str(),
            Self::Route(route) => route.route.model.as_str(),
        }
    }

    /// The operator's document, without credentials.
    pub(crate) fn document(&self) -> &Map<String, Value> {
        match self {
            Self::Provider(provider) => &provider.held.document,
            Self::ApiKey(key) => &key.held.document,
            Self::Route(route) => &route.document,
        }
    }

    /// What is wrong with it by itself, though it may serve.
    pub(crate) fn own_problems(&self) -> &[Problem] {
        match self {
            Self::Provider(provider) => &provider.unopened,
            Self::ApiKey(_) | Self::Route(_) => &[],
        }
    }
}

impl Noun {
    /// Every sort.
    pub(crate) const ALL: [Self; 3] = [Self::Provider, Self::ApiKey, Self::Route];

    /// Where its records are kept.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Provider => Kind::Provider,
            Self::ApiKey => Kind::ApiKey,
            Self::Route => Kind::Route,
        }
    }

    /// The member of a document that is the id.
    pub(crate) const fn id_member(self) -> &'static str {
        match self {
            Self::Provider | Self::ApiKey => "id",
            Self::Route => "model",
        }
    }
}
