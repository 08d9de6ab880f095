use super::*;
use crate::workers::Stocked;

#[tokio::test]
async fn tmp_measure() {
    for file in ["openai-chat", "cli-text"] {
        let bytes = std::fs::read(format!("../../target/plugins/{file}.wasm")).unwrap();
        let registry = registry_with(Limits::STANDARD);
        registry.install(&bytes, Origin::Bundled, Grant::default()).unwrap();
        let body = Bytes::from_static(b"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"How many roads must a man walk down?\"}]}");
        let mut times = vec![];
        let mut second = vec![];
        for _ in 0..3000 {
            // wait for a full-enough stock
            while status(&registry, file).stats.stock_depth < 12 && times.len() > 0 {
                std::thread::yield_now();
            }
            let mut exchange = open(&registry, file);
            let body = body.clone();
            let t = Instant::now();
            let r = exchange.encode(body.clone()).await;
            times.push(t.elapsed());
            let t = Instant::now();
            let _ = exchange.encode(body).await;
            second.push(t.elapsed());
            drop(r);
        }
        times.sort();
        second.sort();
        println!(
            "{file}: first p10 {:?} p50 {:?} p90 {:?}; second p50 {:?}",
            times[300], times[1500], times[2700], second[1500]
        );
    }
}
