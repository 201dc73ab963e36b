//! More callers than a token can serve: the queue fills, the rest is refused at once, and memory stays
//! as it is. `cargo xtask test` runs the short form; `cargo xtask chaos` the long one.

mod support;

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::load::{hold, resident, rounds};
use support::*;

/// As Envoy comes: many connections, some requests on each. Together they are more than the queue of
/// 256 and the two workers hold.
const CONNECTIONS: usize = 64;
const STREAMS: usize = 5;
const QUEUE: f64 = 256.0;
const WORKERS: f64 = 2.0;
/// What a caller waits after a refusal: a twentieth of the second that `retry-after` asks for, so that
/// the refused alone ask as often as the token can answer. Callers that never wait would measure how
/// many of them share a core.
const PAUSE: Duration = Duration::from_millis(50);

#[test]
fn softhsm_is_flooded_and_serves_what_was_accepted_in_its_time() {
    flooded(Kind::SoftHsm);
}

#[test]
fn kryoptic_is_flooded_and_serves_what_was_accepted_in_its_time() {
    flooded(Kind::Kryoptic);
}

fn flooded(kind: Kind) {
    let place = Place::with_keys(kind, &[PS]);
    let bridge = place.serve();
    let time = Duration::from_millis(rounds(1500, 20_000) as u64);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // The first wave fills the queue, and what the flood needs of memory is taken.
    runtime.block_on(flood(&bridge, Duration::from_millis(500)));
    let before = resident(bridge.pid());
    let begun = Instant::now();
    let met = runtime.block_on(flood(&bridge, time));
    let rate = of(&met, 200).len() as f64 / begun.elapsed().as_secs_f64();
    let (served, shed) = (of(&met, 200), of(&met, 429));
    assert_eq!(
        served.len() + shed.len(),
        met.len(),
        "nothing but 200 and 429"
    );
    assert!(!served.is_empty() && !shed.is_empty());
    println!(
        "figure: {kind:?} flooded: {} served at {rate:.0}/s, {} shed",
        served.len(),
        shed.len()
    );
    hold("p99 of what was shed", p99(&shed), Duration::from_millis(5));
    // With a full queue everybody waits for queue and workers over the rate, on average (Little's
    // law); half as much again for a rate that is no constant.
    let fair = Duration::from_secs_f64((QUEUE + WORKERS) / rate);
    hold("p99 of what was accepted", p99(&served), fair.mul_f64(1.5));
    let grown = resident(bridge.pid()).saturating_sub(before);
    println!("figure: {kind:?} flooded: resident memory grew by {grown} KiB");
    assert!(grown < 8 * 1024, "{grown} KiB");
    let request = serde_json::json!({ "alg": "PS256", "data": "AAAA" });
    assert_eq!(bridge.post("ps/sign", &request).status, 200);
}

type Met = Vec<(u16, Duration)>;

/// Every answer and how long it took.
async fn flood(bridge: &Bridge<'_>, time: Duration) -> Met {
    let over = Instant::now() + time;
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = tokio::net::UnixStream::connect(bridge.place.path("data.sock"));
        let stream = TokioIo::new(stream.await.unwrap());
        let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        streams.extend((0..STREAMS).map(|_| tokio::spawn(ask(sender.clone(), over))));
    }
    let mut met = Vec::new();
    for stream in streams {
        met.extend(stream.await.unwrap());
    }
    met
}

async fn ask(mut sender: SendRequest<Full<Bytes>>, over: Instant) -> Met {
    let mut met = Vec::new();
    while Instant::now() < over {
        let body = Bytes::from_static(br#"{"alg":"PS256","data":"AAAA"}"#);
        let request = hyper::Request::post("http://bridge/v1/keys/ps/sign")
            .header("x-hsm-bridge-token", TOKEN)
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap();
        let begun = Instant::now();
        let answer = sender.send_request(request).await.unwrap();
        let status = answer.status().as_u16();
        answer.into_body().collect().await.unwrap();
        met.push((status, begun.elapsed()));
        if status == 429 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    met
}

fn of(met: &Met, status: u16) -> Vec<Duration> {
    let times = met.iter().filter(|(found, _)| *found == status);
    let mut times: Vec<Duration> = times.map(|(_, time)| *time).collect();
    times.sort_unstable();
    times
}

/// The time that 99 of 100 took at most.
fn p99(sorted: &[Duration]) -> Duration {
    sorted
        .get(sorted.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
}
