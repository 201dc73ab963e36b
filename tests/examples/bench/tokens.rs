//! Unwraps per second: through the bridge's socket, and straight at the token.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hsm_bridge::secret::SecretSource;
use hsm_bridge::token::pkcs11::{Pkcs11Token, Place, Select};
use hsm_bridge::token::{Order, Token as _};
use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::h1::Reader;
use sealgate_tests::keys::BRIDGE_TOKEN;
use sealgate_tests::makers::{from_base64url, josekit as maker, with_header};
use sealgate_tests::required;
use serde_json::{Value, json};

use crate::{Plan, heading, load};

/// Word by which this program calls itself: SoftHSM2 reads its configuration from the environment
/// of the process, and that is fixed at its start.
pub(crate) const BARE: &str = "--bare-token";
const LANES: [usize; 2] = [1, 4];
const LENGTH: Duration = Duration::from_secs(2);

/// Measures, prints, returns the figures.
pub(crate) fn measure(plan: &Plan) -> Value {
    heading("ECDH-ES+A256KW unwraps per second, SoftHSM2, P-256");
    let bridge = Bridge::start(Token::SoftHsm);
    let question = question(&bridge);
    let folder = bridge.socket().parent().expect("a folder").to_owned();
    println!("{:<14} {:>12} {:>12} {:>8}", "in parallel", "bare token", "bridge", "ratio");
    let mut rows = Vec::new();
    for lanes in LANES {
        let rounds = || 0..plan.rounds;
        let bare = rounds().map(|_| bare_rate(&folder, lanes)).fold(0.0, f64::max);
        let through = rounds().map(|_| bridge_rate(&bridge, &question, lanes)).fold(0.0, f64::max);
        println!("{lanes:<14} {bare:>12.0} {through:>12.0} {:>8.3}", through / bare);
        rows.push(json!({
            "in_parallel": lanes,
            "bare_per_second": load::figure(bare),
            "bridge_per_second": load::figure(through),
            "ratio": load::figure(through / bare),
        }));
    }
    rows.into()
}

fn bridge_rate(bridge: &Bridge, question: &[u8], lanes: usize) -> f64 {
    let done = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                let stream = UnixStream::connect(bridge.socket()).expect("the bridge");
                let mut reader = Reader::new(stream);
                while began.elapsed() < LENGTH {
                    reader.inner.write_all(question).expect("sent");
                    let answer = reader.response().expect("answered");
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// The HTTP request that asks the bridge for the key of a freshly sealed token.
fn question(bridge: &Bridge) -> Vec<u8> {
    let token = maker::seal(&bridge.lock(), b"{}", &json!({}));
    let mut header = Value::Null;
    with_header(&token, |found| header = found.clone());
    let ek = token.split('.').nth(1).expect("an encrypted key");
    assert_eq!(from_base64url(ek).len(), 40, "A256KW of a 32-byte key");
    let body = json!({
        "alg": "ECDH-ES+A256KW", "ek": ek, "enc": "A256GCM",
        "epk": { "kty": "EC", "crv": "P-256", "x": header["epk"]["x"], "y": header["epk"]["y"] },
    })
    .to_string();
    format!(
        "POST /v1/keys/gw-ec/unwrap HTTP/1.1\r\nhost: bridge\r\ncontent-type: application/json\r\n\
         x-hsm-bridge-token: {BRIDGE_TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn bare_rate(folder: &Path, lanes: usize) -> f64 {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .arg(BARE)
        .arg(folder)
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .env("SEALGATE_BENCH_LANES", lanes.to_string())
        .output()
        .expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.parse().unwrap_or_else(|_| {
        panic!("the bare token: {text}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// In the child: ECDH in the token, the only step of an unwrap that is the token's.
pub(crate) fn bare(folder: &Path) {
    let lanes = std::env::var("SEALGATE_BENCH_LANES").expect("lanes").parse().expect("a number");
    let token = Pkcs11Token::load(Place {
        module: required::softhsm(),
        select: Select::Label("sealgate".into()),
        pin: SecretSource::File(folder.join("pin")),
        lanes,
        read_write: false,
    })
    .expect("the module");
    token.reopen().expect("the token");
    let peer = maker::public(&maker::p256());
    let coordinate = |name: &str| from_base64url(peer[name].as_str().expect("a coordinate"));
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let order = Order::Agree { point };
    let done = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            let (token, order, done) = (&token, &order, &done);
            scope.spawn(move || {
                while began.elapsed() < LENGTH {
                    token.perform(lane, "gw-ec", order).expect("agreed");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{}", done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64());
}
