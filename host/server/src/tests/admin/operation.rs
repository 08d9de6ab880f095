//! Status, plugins, master key, audit log, use and backups.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::client::{Ask, Client};

async fn make_provider(client: &mut Client, id: &str) {
    let document = json!({"id": id, "adapter": "a", "models": ["m"]});
    client.good(Ask::new("POST /admin/providers").document(&document)).await;
}

#[tokio::test]
async fn the_status_joins_what_is_managed_with_what_serves() {
    let mut client = Client::start().await;
    make_provider(&mut client, "main").await;
    let status = client.good(Ask::new("GET /admin/status").by_viewer()).await.json();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["providers"], json!({"file": 1, "store": 1, "set_aside": 0}));
    assert!(status["started_at"].is_string() && status["store_revision"].is_u64());
    let checks = status["checks"].as_array().unwrap();
    let mut names: Vec<_> = checks.iter().map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["plugins", "providers", "store"], "each once");
    client.stop().await;
}

#[tokio::test]
async fn a_new_master_key_begins() {
    let mut client = Client::start().await;
    let before = client.good(Ask::new("GET /admin/master-key").by_viewer()).await.json();
    let rotated = client.good(Ask::new("POST /admin/master-key/rotate")).await.json();
    assert_ne!(rotated["current"], before["current"]);
    let after = client.good(Ask::new("GET /admin/master-key").by_viewer()).await.json();
    assert_eq!(after["current"], rotated["current"]);
    client.stop().await;
}

#[tokio::test]
async fn the_audit_log_names_operator_and_request() {
    let mut client = Client::start().await;
    let document = json!({"id": "main", "adapter": "a", "models": ["m"]});
    let ask = Ask::new("POST /admin/providers").document(&document);
    client.good(ask.with("x-request-id", "req-1")).await;
    let page = client.good(Ask::new("GET /admin/audit?noun=provider&id=main").by_viewer()).await;
    let entry = page.json()["data"][0].clone();
    for (name, value) in [
        ("actor", "alice"),
        ("role", "admin"),
        ("request_id", "req-1"),
        ("action", "provider.create"),
        ("target", "main"),
    ] {
        assert_eq!(entry[name], value, "{name}");
    }
    client.stop().await;
}

#[tokio::test]
async fn an_export_is_one_entry_a_line_oldest_first_and_whole() {
    let mut client = Client::start().await;
    // More than are read from the store at once.
    for number in 0..250 {
        make_provider(&mut client, &format!("p{number:03}")).await;
    }
    let export = client.good(Ask::new("GET /admin/audit/export").by_viewer()).await;
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(export.header("content-length"), None);
    let entries = export.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let targets: Vec<_> = entries.map(|it| it["target"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<_> = (0..250).map(|number| format!("p{number:03}")).collect();
    assert_eq!(targets, expected);
    let some = client.good(Ask::new("GET /admin/audit/export?id=p007")).await;
    assert_eq!(some.text().lines().count(), 1);
    let none = client.good(Ask::new("GET /admin/audit/export?actor=nobody")).await;
    assert_eq!(none.text(), "");
    client.good(Ask::new("HEAD /admin/audit/export")).await;
    client.stop().await;
}

#[tokio::test]
async fn use_is_reported_for_the_last_day_unless_said_otherwise() {
    let mut client = Client::start().await;
    let report = client.good(Ask::new("GET /admin/usage").by_viewer()).await.json();
    assert_eq!((&report["object"], &report["data"]), (&json!("usage"), &json!([])));
    assert!(report["from"].is_string() && report["to"].is_string());
    client.good(Ask::new("GET /admin/usage?group_by=day,provider")).await;
    client.stop().await;
}

#[tokio::test]
async fn a_backup_is_sent_whole_and_leaves_nothing_behind() {
    let mut client = Client::start().await;
    make_provider(&mut client, "main").await;
    let backup = client.good(Ask::new("POST /admin/backup")).await;
    assert_eq!(backup.header("content-type"), Some("application/octet-stream"));
    assert_eq!(backup.header("content-length"), Some(backup.body.len().to_string().as_str()));
    assert!(backup.header("x-patchbay-checksum").unwrap().starts_with("sha256:"));
    let disposition = backup.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"patchbay-"), "{disposition}");
    assert!(String::from_utf8_lossy(&backup.body).contains("main"));
    let directory = client.desk.directory.path().join("backups");
    let mode = fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let audit = client.good(Ask::new("GET /admin/audit?action=store.backup")).await.json();
    assert_eq!(audit["data"].as_array().unwrap().len(), 1);
    client.stop().await;
}

#[tokio::test]
async fn a_backup_that_cannot_be_kept_is_refused() {
    let mut client = Client::start().await;
    fs::write(client.desk.directory.path().join("backups"), "in the way").unwrap();
    let reply = client.send(Ask::new("POST /admin/backup")).await;
    assert_eq!((reply.status.as_u16(), reply.error("code")), (503, json!("store_unavailable")));
    client.stop().await;
}
