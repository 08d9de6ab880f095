//! Plugins behind a fake port: turns, entity tags, and the audit log around each action.

use std::sync::Mutex;

use async_trait::async_trait;
use exchange::FailureKind;
use serde_json::{Value, json};

use super::room::{Room, acting};
use crate::{
    AdminProblem, PluginAction, PluginAsksView, PluginOriginView, PluginProblem, PluginProblemSort,
    PluginTarget, PluginUpload, PluginView, Plugins, PluginsView, Precondition, RolloutView,
    Uploaded,
};

/// Holds one plugin, once it is uploaded.
#[derive(Default)]
pub(super) struct FakePlugins {
    installed: Mutex<Option<PluginView>>,
}

impl FakePlugins {
    /// As if calls had come in.
    fn serve(&self, name: &str) {
        let mut installed = self.installed.lock().unwrap();
        let plugin = installed.as_mut().unwrap();
        assert_eq!(plugin.name, name);
        plugin.phase = Some("watch".to_owned());
        plugin.last_good = Some("sha256:00".to_owned());
    }
}

#[async_trait]
impl Plugins for FakePlugins {
    fn view(&self) -> PluginsView {
        let plugins = self.installed.lock().unwrap().clone().into_iter().collect();
        PluginsView { plugins, ..PluginsView::default() }
    }

    fn max_component_bytes(&self) -> u64 {
        1024
    }

    async fn upload(&self, upload: PluginUpload) -> Result<Uploaded, PluginProblem> {
        if upload.component.is_empty() {
            let text = "it is empty; send a component";
            return Err(PluginProblem::of(PluginProblemSort::Refused, "", text));
        }
        *self.installed.lock().unwrap() = Some(plugin("vendor"));
        Ok(Uploaded { name: "vendor".to_owned(), waits: false })
    }

    async fn act(&self, _: &str, action: PluginAction) -> Result<(), PluginProblem> {
        let mut installed = self.installed.lock().unwrap();
        match (installed.as_mut(), action) {
            (Some(plugin), PluginAction::Pin) => plugin.pinned = true,
            (Some(_), PluginAction::Remove) => *installed = None,
            (Some(plugin), PluginAction::Approve { .. }) => {
                plugin.approved.get_or_insert_default().call_ms = Some(7);
                let text = "it does not compile; build it again";
                return Err(PluginProblem::of(PluginProblemSort::Refused, "", text));
            }
            _ => {
                let text = "there is no canary; start one";
                return Err(PluginProblem::of(PluginProblemSort::Conflict, "", text));
            }
        }
        Ok(())
    }
}

fn plugin(name: &str) -> PluginView {
    PluginView {
        name: name.to_owned(),
        kind: None,
        origin: PluginOriginView::Installed,
        etag: None,
        phase: Some("serving".to_owned()),
        cause: None,
        version: None,
        digest: None,
        dialect: None,
        file: Some(format!("{name}.wasm")),
        pinned: false,
        rollout: RolloutView::IMMEDIATE,
        approved: Some(PluginAsksView::default()),
        last_good: None,
        serving: None,
        canary: None,
        draining: Vec::new(),
        versions: Vec::new(),
        pending: Vec::new(),
        quarantine: Vec::new(),
        events: Vec::new(),
    }
}

fn upload(component: &[u8]) -> PluginUpload {
    PluginUpload { component: component.to_vec(), signature: None, rollout: None }
}

async fn act(
    room: &Room,
    precondition: Precondition,
    action: PluginAction,
) -> Result<Option<PluginView>, AdminProblem> {
    let target = PluginTarget { name: "vendor", precondition };
    room.administration.change_plugin(&acting(), target, action).await
}

#[tokio::test]
async fn what_is_done_is_audited_with_before_and_after() {
    let room = Room::new().await;
    let uploaded = room.administration.upload_plugin(&acting(), upload(b"x")).await.unwrap();
    assert_eq!((uploaded.view.name.as_str(), uploaded.waits), ("vendor", false));
    act(&room, Precondition::Exists, PluginAction::Pin).await.unwrap();
    assert_eq!(act(&room, Precondition::Exists, PluginAction::Remove).await.unwrap(), None);
    let entries = room.audited().await;
    let seen: Vec<_> = entries
        .iter()
        .map(|it| (it["action"].clone(), it["before"].clone(), it["after"].clone()))
        .collect();
    let pinned = |it: &Value| it["pinned"].clone();
    let [(one, nothing, first), (two, before, after), (three, last, gone)] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!([one, two, three], ["plugin.upload", "plugin.pin", "plugin.remove"]);
    assert!(nothing.is_null() && gone.is_null());
    assert_eq!(
        [pinned(first), pinned(before), pinned(after), pinned(last)],
        [false, false, true, true]
    );
    assert!(entries.iter().all(|it| it["target"] == "vendor" && it["actor"] == "olivia"));
}

#[tokio::test]
async fn what_is_refused_says_why_and_leaves_no_entry() {
    let room = Room::new().await;
    let refused = room.administration.upload_plugin(&acting(), upload(b"")).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::PluginRefused);
    assert_eq!(refused.to_string(), "it is empty; send a component");
    let unknown = act(&room, Precondition::Exists, PluginAction::Pin).await.unwrap_err();
    assert_eq!(unknown.kind(), FailureKind::ResourceNotFound);
    room.administration.upload_plugin(&acting(), upload(b"x")).await.unwrap();
    let conflict = act(&room, Precondition::Exists, PluginAction::Promote).await.unwrap_err();
    assert_eq!(conflict.kind(), FailureKind::Conflict);
    let actions: Vec<_> = room.audited().await.iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions, [json!("plugin.upload")]);
}

#[tokio::test]
async fn what_is_refused_and_has_changed_something_is_audited() {
    let room = Room::new().await;
    room.administration.upload_plugin(&acting(), upload(b"x")).await.unwrap();
    let approval = PluginAction::Approve { digest: "00".to_owned() };
    let refused = act(&room, Precondition::Exists, approval).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::PluginRefused);
    let entry = room.audited().await.pop().unwrap();
    assert_eq!(
        (&entry["action"], &entry["after"]["approved"]["call_ms"]),
        (&json!("plugin.approve"), &json!(7))
    );
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_audited() {
    let (room, store) = Room::breakable().await;
    room.administration.upload_plugin(&acting(), upload(b"x")).await.unwrap();
    store.break_now();
    let refused = act(&room, Precondition::Exists, PluginAction::Pin).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::StoreUnavailable);
    assert!(!room.administration.plugin("vendor").unwrap().pinned);
    let refused = room.administration.upload_plugin(&acting(), upload(b"y")).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::StoreUnavailable);
}

#[tokio::test]
async fn a_tag_stays_while_a_plugin_serves_and_goes_with_a_change() {
    let room = Room::new().await;
    room.administration.upload_plugin(&acting(), upload(b"x")).await.unwrap();
    let tag = |room: &Room| room.administration.plugin("vendor").unwrap().revision().unwrap();
    let seen = tag(&room);
    room.plugins.serve("vendor");
    assert_eq!(tag(&room), seen);
    act(&room, Precondition::Revision(seen), PluginAction::Pin).await.unwrap();
    assert_ne!(tag(&room), seen);
    let stale = act(&room, Precondition::Revision(seen), PluginAction::Remove).await.unwrap_err();
    assert_eq!(stale.kind(), FailureKind::StaleEtag);
    assert!(stale.to_string().contains(&tag(&room).to_string()), "{stale}");
}

#[tokio::test]
async fn one_of_the_binary_has_no_tag() {
    let room = Room::new().await;
    let bundled =
        PluginView { origin: PluginOriginView::Bundled, approved: None, ..plugin("vendor") };
    *room.plugins.installed.lock().unwrap() = Some(bundled);
    assert_eq!(room.administration.plugin("vendor").unwrap().etag, None);
    let stale = act(&room, Precondition::Revision(0), PluginAction::Pin).await.unwrap_err();
    assert_eq!(stale.kind(), FailureKind::StaleEtag);
}
