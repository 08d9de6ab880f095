//! What is done to plugins: in turn, seen before, and written down before it is done.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::{Batch, Kind, Revision};

use super::state::{decisive, tagged};
use super::views::{PluginList, PluginView, PluginsView};
use super::{PluginAction, PluginProblem, PluginProblemSort, PluginTarget, PluginUpload};
use crate::administration::Administration;
use crate::audit_log::{AuditAction, AuditEntry, Change};
use crate::keys::hex;
use crate::operator::Acting;
use crate::precondition::Precondition;
use crate::problem::AdminProblem;
use crate::workings::Workings;

/// As long as the longest name there is.
const MAX_SHOWN_CHARS: usize = 256;

/// What became of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct UploadedPlugin {
    /// The plugin, as it is now.
    pub view: PluginView,
    /// Whether the component waits for an operator.
    pub waits: bool,
}

impl Administration {
    /// Most bytes of a component.
    #[must_use]
    pub fn max_component_bytes(&self) -> u64 {
        self.workings.parts.plugins.max_component_bytes()
    }

    /// All plugins, on one page: there are few.
    #[must_use]
    pub fn plugins(&self) -> PluginList {
        let PluginsView { plugins, pending, quarantine, events } =
            self.workings.parts.plugins.view();
        let data = plugins.into_iter().map(tagged).collect();
        PluginList { object: "list", data, pending, quarantine, events, next_cursor: None }
    }

    /// One plugin.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn plugin(&self, name: &str) -> Result<PluginView, AdminProblem> {
        find(&self.workings, name).ok_or_else(|| unknown(name))
    }

    /// Installs a component: it goes through the steps that a file in the directory goes through.
    /// Takes as long as the component takes to compile.
    ///
    /// # Errors
    /// [`AdminProblem::Plugin`] with the step that it does not pass, and [`AdminProblem::Store`];
    /// nothing has changed then.
    pub async fn upload_plugin(
        &self,
        acting: &Acting,
        upload: PluginUpload,
    ) -> Result<UploadedPlugin, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let change = async move { take(&workings, &acting, upload).await };
        self.workings.uninterrupted(change).await
    }

    /// Does something to a plugin, and returns what it is afterwards; nothing if it is gone.
    ///
    /// # Errors
    /// [`AdminProblem::Plugin`] and [`AdminProblem::Store`]; nothing has changed then.
    pub async fn change_plugin(
        &self,
        acting: &Acting,
        target: PluginTarget<'_>,
        action: PluginAction,
    ) -> Result<Option<PluginView>, AdminProblem> {
        let (workings, acting) = (Arc::clone(&self.workings), acting.clone());
        let (name, seen) = (target.name.to_owned(), target.precondition);
        let change = async move { change(&workings, &acting, (&name, seen), action).await };
        self.workings.uninterrupted(change).await
    }
}

async fn take(
    workings: &Workings,
    acting: &Acting,
    upload: PluginUpload,
) -> Result<UploadedPlugin, AdminProblem> {
    let _turn = workings.plugin_turn.lock().await;
    let before = workings.parts.plugins.view();
    // Its name is not known before it is inspected.
    let target = format!("sha256:{}", hex(&Sha256::digest(&upload.component)));
    let action = AuditAction::PluginUpload;
    let change = Change { action, target: &target, before: None, after: None };
    let mut begun = Begun::write(workings, acting, change).await?;
    let uploaded = match workings.parts.plugins.upload(upload).await {
        Ok(uploaded) => uploaded,
        Err(problem) => return Err(begun.take_back(problem).await),
    };
    let name = uploaded.name;
    let before = before.plugins.into_iter().find(|plugin| plugin.name == name);
    begun.entry.target.clone_from(&name);
    begun.entry.before = before.as_ref().map(decisive);
    let view = find(workings, &name);
    begun.end(view.as_ref().map(decisive)).await;
    let view = view.ok_or_else(|| unknown(&name))?;
    Ok(UploadedPlugin { view, waits: uploaded.waits })
}

async fn change(
    workings: &Workings,
    acting: &Acting,
    (name, seen): (&str, Precondition),
    action: PluginAction,
) -> Result<Option<PluginView>, AdminProblem> {
    let _turn = workings.plugin_turn.lock().await;
    let before = find(workings, name).ok_or_else(|| unknown(name))?;
    check(&before, seen)?;
    let change = Change {
        action: action.audited(),
        target: name,
        before: Some(decisive(&before)),
        after: None,
    };
    let begun = Begun::write(workings, acting, change).await?;
    match workings.parts.plugins.act(name, action).await {
        Ok(()) => {
            let view = find(workings, name);
            begun.end(view.as_ref().map(decisive)).await;
            Ok(view)
        }
        Err(problem) => {
            // An approval stands, also if the version does not pass a later step.
            let after = find(workings, name).as_ref().map(decisive);
            if after != begun.entry.before {
                begun.end(after).await;
                return Err(problem.into());
            }
            Err(begun.take_back(problem).await)
        }
    }
}

/// An entry of the audit log whose action is under way.
struct Begun<'a> {
    workings: &'a Workings,
    revision: Revision,
    entry: AuditEntry,
}

impl<'a> Begun<'a> {
    /// # Errors
    /// If the store does not take it; then nothing may be done.
    async fn write(
        workings: &'a Workings,
        acting: &Acting,
        change: Change<'_>,
    ) -> Result<Self, AdminProblem> {
        let entry = AuditEntry::new(acting, change);
        let batch = Batch { puts: vec![entry.put()], ..Batch::default() };
        let revision = workings.commit(batch).await?;
        Ok(Self { workings, revision, entry })
    }

    /// It was done. That the entry cannot be completed is logged: who, what and when are kept.
    async fn end(mut self, after: Option<Value>) {
        self.entry.after = after;
        let puts = vec![self.entry.put_again(self.revision)];
        self.commit(Batch { puts, ..Batch::default() }).await;
    }

    /// It was not done. Gives the reason back.
    async fn take_back(self, problem: PluginProblem) -> AdminProblem {
        let removals = vec![(Kind::Audit, AuditEntry::key_of(self.revision))];
        self.commit(Batch { removals, ..Batch::default() }).await;
        problem.into()
    }

    async fn commit(&self, batch: Batch) {
        if let Err(problem) = self.workings.commit(batch).await {
            let id = AuditEntry::key_of(self.revision);
            tracing::warn!("the end of entry {id} is not in the audit log: {problem}");
        }
    }
}

fn find(workings: &Workings, name: &str) -> Option<PluginView> {
    let plugins = workings.parts.plugins.view().plugins;
    plugins.into_iter().find(|plugin| plugin.name == name).map(tagged)
}

/// What a plugin does by itself may come between this and the action; two operators cannot.
fn check(plugin: &PluginView, seen: Precondition) -> Result<(), AdminProblem> {
    let admitted = match plugin.revision() {
        Some(revision) => seen.admits(revision),
        None => seen == Precondition::Exists,
    };
    if admitted {
        return Ok(());
    }
    let PluginView { name, etag, .. } = plugin;
    let now = etag.as_ref().map_or_else(|| "without a tag".to_owned(), |it| format!("at \"{it}\""));
    let text = format!("plugin {name:?} was changed meanwhile: it is {now} now; read it again");
    Err(PluginProblem::of(PluginProblemSort::Stale, "", &text).into())
}

fn unknown(name: &str) -> AdminProblem {
    let name: String = name.chars().take(MAX_SHOWN_CHARS).collect();
    let text = format!("there is no plugin {name:?} here; look at the list of plugins");
    PluginProblem::of(PluginProblemSort::Unknown, "", &text).into()
}
