//! Shutting down: what is in flight ends well, or is cut when its time is up.

use std::sync::Arc;
use std::time::Duration;

use exchange::{FailureKind, Outcome};
use pipeline::ReplyBody;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;

use super::fake::{DropSignal, Fake, limits, reply};
use super::sockets::{Served, soon};
use crate::{EdgeLimits, Ending};

#[tokio::test]
async fn a_request_in_flight_is_answered_and_idle_connections_close() {
    let (came, mut comes) = unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let gate = Arc::clone(&go_on);
    let fake = Fake::new(move |request| {
        came.send(()).unwrap();
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok(reply(ReplyBody::Complete(request.body)))
        }
    });
    let mut served = Served::start(fake).await;
    let mut idle = served.connect().await;
    let mut busy = served.connect().await;
    busy.write_chat("{\"n\":1}").await;
    soon(comes.recv()).await.unwrap();
    served.shutdown.cancel();
    assert_eq!(idle.read_to_end().await, "");
    go_on.notify_one();
    let text = busy.read_to_end().await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("{\"n\":1}"), "{text}");
    assert!(matches!(served.record().await.outcome, Outcome::Completed));
    assert!(TcpStream::connect(served.address).await.is_err(), "still accepts");
    assert_eq!(served.ended().await, Ending::Drained);
}

#[tokio::test]
async fn what_is_in_flight_when_the_time_is_up_is_cut_and_recorded_as_our_doing() {
    let (came, mut comes) = unbounded_channel();
    let (dropped, mut drops) = unbounded_channel();
    let fake = Fake::new(move |_| {
        came.send(()).unwrap();
        let signal = DropSignal(dropped.clone());
        async move {
            let _keep = signal;
            std::future::pending().await
        }
    });
    let limits = EdgeLimits { drain: Duration::from_millis(1), ..limits() };
    let mut served = Served::with_limits(fake, limits).await;
    let mut wire = served.connect().await;
    wire.write_chat("{}").await;
    soon(comes.recv()).await.unwrap();
    served.shutdown.cancel();
    soon(drops.recv()).await.unwrap();
    assert_eq!(wire.read_to_end().await, "");
    let Outcome::Failed(failure) = served.record().await.outcome else { panic!("not failed") };
    assert_eq!(failure.kind(), FailureKind::ShuttingDown);
    assert_eq!(served.ended().await, Ending::Cut(1));
}
