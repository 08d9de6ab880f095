//! Where the admin API is, and where it is not.

use tokio::net::TcpListener;

use super::super::client::{TestClient, bare};
use super::super::fake::{Fake, KEY};
use super::super::sockets::Served;
use super::client::{Ask, Client, ask, every_endpoint, filled};
use super::desk::furnish;
use crate::Listeners;

#[tokio::test]
async fn without_a_configuration_every_path_says_how_to_get_one() {
    let mut client = TestClient::new(Fake::echo());
    for label in every_endpoint().into_iter().chain(["GET /admin", "POST /admin/", "GET /admin/x"])
    {
        let (method, path) = label.split_once(' ').unwrap();
        let path = filled(path, "a");
        let reply = client.send(bare(method.parse().unwrap(), &path)).await;
        assert_eq!(reply.status, 404, "{label}");
        assert_eq!(reply.error("code"), "unknown_url");
        assert!(reply.text().contains("[admin]"), "{}", reply.text());
    }
    let reply = client.send(bare(http::Method::GET, "/administrator")).await;
    assert!(!reply.text().contains("[admin]"), "{}", reply.text());
}

#[tokio::test]
async fn an_address_of_its_own_has_the_admin_api_and_nothing_of_callers() {
    let callers = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (outside, inside) = (callers.local_addr().unwrap(), admin.local_addr().unwrap());
    let (edge, desk) = furnish(Fake::echo()).await;
    let served = Served::behind(Listeners::Apart { callers, admin }, outside, edge);
    let mut client = Client::of(served, desk);
    for label in every_endpoint() {
        let reply = client.send_to(outside, ask(label)).await;
        assert_eq!(reply.status, 404, "{label}");
        assert!(reply.text().contains("admin.listen"), "{}", reply.text());
        let reply = client.send_to(inside, ask(label)).await;
        assert_ne!(reply.record.endpoint, "unknown path", "{label}: {}", reply.text());
    }
    for label in ["GET /v1/models", "POST /v1/chat/completions", "POST /v1/terse"] {
        let reply = client.send_to(inside, Ask::new(label).token(KEY)).await;
        assert_eq!((reply.status.as_u16(), reply.error("code")), (404, "unknown_url".into()));
        assert_eq!(reply.record.endpoint, "unknown path");
    }
    let models = client.send_to(outside, Ask::new("GET /v1/models").token(KEY)).await;
    assert_eq!(models.status, 200);
    for address in [outside, inside] {
        let health = client.send_to(address, Ask::new("GET /health").token("")).await;
        assert_eq!(health.status, 200);
    }
    client.stop().await;
}
