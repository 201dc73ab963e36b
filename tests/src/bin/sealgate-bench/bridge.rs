//! Unwraps per second: ECDH-ES+A256KW through the bridge's socket, and the same key straight at the
//! token by `hsm-bridge bench`, which is the only program that may speak PKCS#11.

use anyhow::{Context as _, ensure};
use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::keys::BRIDGE_TOKEN;
use sealgate_tests::makers::{from_base64url, josekit as maker};
use serde_json::{Value, json};

use crate::load::{self, Repeat, Target};
use crate::plan::Plan;
use crate::report::{Rounds, Table, cell, figure};

/// Connections at the socket, and threads with a session each at the token.
const PARALLEL: [usize; 4] = [1, 2, 4, 16];
const KID: &str = "gw-ec";
const ALG: &str = "ECDH-ES+A256KW";
/// Different questions, so that equal ones in flight cannot be answered together.
const QUESTIONS: usize = 64;

#[derive(Default)]
struct Series {
    bare: Rounds,
    socket: Rounds,
    p50: Rounds,
    p99: Rounds,
}

/// Measures, prints, and gives the figures.
///
/// # Errors
/// The bridge does not start or answers an unwrap with anything but 2xx.
pub(crate) fn measure(plan: &Plan) -> anyhow::Result<Value> {
    let bridge = Bridge::start(Token::SoftHsm);
    let target = Target::Unix(bridge.socket());
    let questions = questions(&bridge)?;
    load::run(&target, 4, questions.clone(), Repeat::Once)?;
    let mut series: [Series; PARALLEL.len()] = std::array::from_fn(|_| Series::default());
    for _ in 0..plan.rounds {
        for (parallel, series) in PARALLEL.into_iter().zip(&mut series) {
            series.bare.push(bare(plan, &bridge, parallel)?);
            let load = load::run(&target, parallel, questions.clone(), Repeat::For(plan.load))?;
            series.socket.push(load.rate());
            series.p50.push(load.percentile_ms(0.5));
            series.p99.push(load.percentile_ms(0.99));
        }
    }
    // More threads than the token can use make it slower: its best is what counts.
    let best = series
        .iter()
        .max_by(|one, other| one.bare.median().total_cmp(&other.bare.median()))
        .map_or_else(Rounds::default, |series| series.bare.clone());
    let table = Table::start(
        "ECDH-ES+A256KW unwraps per second, P-256 in SoftHSM2",
        &[
            ("in parallel", 12),
            ("bare token", 11),
            ("socket", 9),
            ("p50 ms", 8),
            ("p99 ms", 8),
            ("socket/bare", 12),
            ("socket/best bare", 17),
        ],
    );
    let mut rows = Vec::new();
    for (parallel, row) in PARALLEL.into_iter().zip(&series) {
        let ratios = [row.socket.ratio_to(&row.bare), row.socket.ratio_to(&best)];
        table.line(
            [
                parallel.to_string(),
                cell(row.bare.median(), 0),
                cell(row.socket.median(), 0),
                cell(row.p50.median(), 2),
                cell(row.p99.median(), 2),
            ]
            .into_iter()
            .chain(ratios.map(|ratio| cell(ratio, 3))),
        );
        rows.push(json!({
            "parallel": parallel,
            "bare_per_second": row.bare.json(),
            "socket_per_second": row.socket.json(),
            "socket_p50_ms": figure(row.p50.median()),
            "socket_p99_ms": figure(row.p99.median()),
            "socket_to_bare": figure(ratios[0]),
            "socket_to_best_bare": figure(ratios[1]),
        }));
    }
    println!("  the bridge serves with its default number of sessions (2).");
    Ok(json!({ "token": "SoftHSM2", "alg": ALG, "rows": rows }))
}

/// Orders per second straight at the token, with so many threads.
fn bare(plan: &Plan, bridge: &Bridge, threads: usize) -> anyhow::Result<f64> {
    let output = bridge
        .command("bench")
        .args(["--kid", KID, "--alg", ALG])
        .args(["--threads", &threads.to_string()])
        .args(["--milliseconds", &plan.load.as_millis().to_string()])
        .output()
        .context("hsm-bridge bench")?;
    ensure!(
        output.status.success(),
        "hsm-bridge bench: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    answer["per_second"]
        .as_f64()
        .context("hsm-bridge bench gives no rate")
}

/// HTTP requests that ask for the keys of freshly sealed tokens.
fn questions(bridge: &Bridge) -> anyhow::Result<Vec<Vec<u8>>> {
    let lock = bridge.lock_of(ALG, KID);
    (0..QUESTIONS)
        .map(|_| {
            let token = maker::seal(&lock, b"{}", &json!({}));
            let mut parts = token.split('.');
            let header = parts.next().context("a header")?;
            let header: Value = serde_json::from_slice(&from_base64url(header))?;
            let body = json!({
                "alg": ALG, "enc": "A256GCM", "ek": parts.next().context("a wrapped key")?,
                "epk": header["epk"],
            })
            .to_string();
            let head = format!(
                "POST /v1/keys/{KID}/unwrap HTTP/1.1\r\nhost: bridge\r\n\
                 content-type: application/json\r\nx-hsm-bridge-token: {BRIDGE_TOKEN}\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            Ok((head + &body).into_bytes())
        })
        .collect()
}
