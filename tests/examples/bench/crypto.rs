//! AES-256-GCM and HMAC-SHA-256 of the product: native, in wasmtime, in Envoy's V8.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sealgate_host_shim::host::{Host, Request as ShimRequest};
use sealgate_signature::{MacKey, mac};
use sealgate_tests::certificates::Certificates;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::message::Request;
use sealgate_tests::site::Site;
use serde_json::{Map, Value, json};

use crate::{Plan, heading, load};

/// Bytes of one pass over the data.
const BYTES: usize = 1024 * 1024;
/// Each step does the work twice: seal and open, make and verify.
const PASSES: usize = 2;
const ALGORITHMS: [&str; 2] = ["aes-256-gcm", "hmac-sha256"];

/// Measures, prints, returns MB/s (10^6 bytes).
pub(crate) fn measure(plan: &Plan) -> Value {
    heading("Cryptography of the product, MB/s, 1 MiB buffers");
    println!("{:<16} {:>10} {:>10} {:>10} {:>14} {:>12}", "", "native", "wasmtime", "V8", "wasmtime/nat.", "V8/native");
    let module = speed_module();
    let site = Site::new();
    let envoy = site_envoy(&site, &module);
    let wasm = std::fs::read(&module).expect("the speed guest");
    let host = Host::builder(&wasm)
        .callback_limit(Duration::from_secs(60))
        .build()
        .unwrap_or_else(|error| panic!("the speed guest does not load: {error:?}"));
    let mut figures = Map::new();
    for algorithm in ALGORITHMS {
        let native = best(plan, |times| native(algorithm, times));
        let wasmtime = best(plan, |times| {
            let order = order(algorithm, times);
            let outcome = host.request(ShimRequest::get("https://a.test/").header("x-speed", &order)).run();
            assert_eq!(outcome.status(), Some(200), "the speed guest");
        });
        let v8 = best(plan, |times| in_envoy(&envoy, &site.certificates, algorithm, times));
        println!(
            "{algorithm:<16} {native:>10.0} {wasmtime:>10.0} {v8:>10.0} {:>14.3} {:>12.3}",
            wasmtime / native,
            v8 / native
        );
        figures.insert(
            algorithm.to_owned(),
            json!({
                "native_mb_per_second": load::figure(native),
                "wasmtime_mb_per_second": load::figure(wasmtime),
                "v8_mb_per_second": load::figure(v8),
            }),
        );
    }
    figures.into()
}

/// MB/s of the best round. A round's own cost without work (connection, callbacks) is taken off.
fn best(plan: &Plan, run: impl Fn(usize)) -> f64 {
    let timed = |times: usize| {
        let began = Instant::now();
        run(times);
        began.elapsed().as_secs_f64()
    };
    timed(4); // compiled and warm
    let idle = (0..5).map(|_| timed(0)).fold(f64::INFINITY, f64::min);
    // As many steps as fit into a round, but never so long that a proxy loses patience.
    let wanted = plan.round.as_secs_f64().min(2.0);
    let step = (timed(4) - idle).max(1e-6) / 4.0;
    let times = ((wanted / step) as usize).clamp(4, 100_000);
    let seconds = (0..plan.rounds.max(2)).map(|_| timed(times) - idle).fold(f64::INFINITY, f64::min);
    (times * PASSES * BYTES) as f64 / seconds / 1e6
}

fn native(algorithm: &str, times: usize) {
    if algorithm == "aes-256-gcm" {
        let mut body = vec![0x5a; BYTES];
        for _ in 0..times {
            sealgate_aead::seal_in_place(&[7; 32], &[1; 12], b"", &mut body).expect("sealed");
            sealgate_aead::open_in_place(&[7; 32], &[1; 12], b"", &mut body).expect("opened");
        }
        assert_eq!(body.len(), BYTES);
    } else {
        let body = vec![0x5a; BYTES];
        let key = MacKey::new(vec![7; 32]).expect("a key");
        for _ in 0..times {
            let code = mac::hs256(&key, &body);
            mac::verify_hs256(&key, &body, &code).expect("verified");
        }
    }
}

fn in_envoy(envoy: &Envoy, certificates: &Certificates, algorithm: &str, times: usize) {
    let request = Request::get("/").header("x-speed", order(algorithm, times));
    let answer = envoy.send(certificates, &request);
    assert_eq!(answer.status, 200, "the speed guest in Envoy");
}

fn order(algorithm: &str, times: usize) -> String {
    format!("{algorithm}:{BYTES}:{times}")
}

fn site_envoy(site: &Site, module: &std::path::Path) -> Envoy {
    site.guest("empty").module(module).concurrency(1).start()
}

fn speed_module() -> PathBuf {
    let path = std::env::var_os("SEALGATE_SPEED_WASM").map(PathBuf::from);
    path.expect("SEALGATE_SPEED_WASM is not set; run `cargo xtask bench`, which builds it")
}
