//! Upgrades while streams are open.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use exchange::Ending;

use super::*;

const UPGRADES: usize = 100;
const STREAMS: usize = 8;

/// Says its version in every document.
fn telling(version: usize) -> Guest {
    let document = format!("{{\"version\":{version}}}");
    let documents = |image: &mut text_guests::Image| image.documents(&[&document]);
    plugin("plain", &version.to_string())
        .answer_with("push", documents)
        .answer_with("finish", documents)
        .frugal()
}

/// Streams until it is told to stop; the documents of one stream tell one version.
async fn stream(registry: Arc<Registry>, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    while !stop.load(Ordering::Relaxed) {
        let dialect = registry.dialect("plain").unwrap();
        let mut exchange = dialect.open(call(), request("request-1"));
        exchange.begin(identity(), &ResponseHead::of_process()).await.unwrap();
        let mut documents = Vec::new();
        for _ in 0..10 {
            documents.extend(exchange.push(Bytes::from_static(b"x")).await.unwrap());
            tokio::task::yield_now().await;
        }
        documents.extend(exchange.finish(Ending::Clean).await.unwrap());
        assert_eq!(documents.len(), 11);
        assert!(documents.iter().all(|it| *it == documents[0]), "{documents:?}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_upgrades_fail_no_stream_and_mix_no_versions() {
    let mut rig = Rig::new();
    rig.install("plain.wasm", &telling(0));
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let streams: Vec<_> = (0..STREAMS)
        .map(|_| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(stream(Arc::clone(&rig.registry), stop, done))
        })
        .collect();
    // Twenty versions in turn: most upgrades bring a component that was there before.
    let versions: Vec<_> = (0..20).map(|version| telling(version).build()).collect();
    let mut rig = tokio::task::spawn_blocking(move || {
        for upgrade in 1..=UPGRADES {
            rig.put("plain.wasm", &versions[upgrade % versions.len()]);
            rig.look();
            rig.watch();
        }
        rig
    })
    .await
    .unwrap();
    stop.store(true, Ordering::Relaxed);
    for stream in streams {
        stream.await.unwrap();
    }
    assert!(done.load(Ordering::Relaxed) > UPGRADES);
    let view = rig.view();
    let serving = view.plugin("plain").unwrap().serving.as_ref().unwrap();
    assert_eq!(serving.version, (UPGRADES % 20).to_string());
    assert!(view.quarantine.is_empty() && view.pending.is_empty());
}
