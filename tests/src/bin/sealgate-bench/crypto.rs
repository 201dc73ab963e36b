//! The product's own code per engine: native, wasmtime as the embedded gateway has it, and the V8 of
//! node (Envoy links a V8 of its own; same compilers, another version).
//!
//! All engines run the same file, `tests/guests/crypto-bench/work.rs`.

pub(crate) mod engine;
pub(crate) mod v8;
pub(crate) mod wasmtime;
#[path = "../../../guests/crypto-bench/work.rs"]
mod work;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use sealgate_tests::required;
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::report::{Rounds, Table, cell, figure, size};
use engine::{Engine, Native, number};
use work::Operation;

/// Bytes of the inputs.
const SIZES: [usize; 3] = [1 << 10, 64 << 10, 1 << 20];
/// The module's folder and name differ between a test run and a measurement.
const MODULE: &str = "SEALGATE_CRYPTO_BENCH_WASM";

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// AES-256-GCM and HMAC-SHA-256.
    Cryptography,
    /// The scanner.
    Scan,
}

/// Measures, prints, and gives the figures.
///
/// # Errors
/// An engine does not start, or gives a wrong result.
pub(crate) fn measure(plan: &Plan, subject: Subject) -> anyhow::Result<Value> {
    let (title, operations) = match subject {
        Subject::Cryptography => (
            "Cryptography of the product, MB/s",
            [Operation::Open, Operation::Hmac].as_slice(),
        ),
        Subject::Scan => ("Scan of clean JSON, MB/s", [Operation::Scan].as_slice()),
    };
    let module = module();
    let mut engines: [Box<dyn Engine>; 3] = [
        Box::new(Native::default()),
        Box::new(wasmtime::Wasmtime::load(&module)?),
        Box::new(v8::V8::start(&module)?),
    ];
    let table = Table::start(
        title,
        &[
            ("operation", 24),
            ("native", 8),
            ("wasmtime", 9),
            ("V8", 8),
            ("wasmtime/native", 16),
            ("V8/native", 10),
        ],
    );
    let mut rows = Vec::new();
    for operation in operations {
        for bytes in SIZES {
            let [native, wasmtime, v8] = compare(plan, &mut engines, number(*operation), bytes)?;
            let ratios = [wasmtime.ratio_to(&native), v8.ratio_to(&native)];
            let cells = [&native, &wasmtime, &v8].map(|rounds| cell(rounds.median(), 0));
            table.line(
                [format!("{}, {}", name(*operation), size(bytes))]
                    .into_iter()
                    .chain(cells)
                    .chain(ratios.map(|ratio| cell(ratio, 3))),
            );
            rows.push(json!({
                "operation": name(*operation),
                "bytes": bytes,
                "native_mb_per_second": native.json(),
                "wasmtime_mb_per_second": wasmtime.json(),
                "v8_mb_per_second": v8.json(),
                "wasmtime_to_native": figure(ratios[0]),
                "v8_to_native": figure(ratios[1]),
            }));
        }
    }
    let versions: Vec<_> = engines.iter().map(|engine| engine.version()).collect();
    println!("  engines: {}", versions.join(", "));
    Ok(json!({ "engines": versions, "rows": rows }))
}

/// What a gate does with a signature on a 1 KiB body, against the bare HMAC-SHA-256 of that body.
///
/// # Errors
/// An engine does not start, or gives a wrong result.
pub(crate) fn measure_signatures(plan: &Plan) -> anyhow::Result<Value> {
    const BYTES: usize = 1 << 10;
    let module = module();
    let mut engines: [Box<dyn Engine>; 3] = [
        Box::new(Native::default()),
        Box::new(wasmtime::Wasmtime::load(&module)?),
        Box::new(v8::V8::start(&module)?),
    ];
    let table = Table::start(
        "Verification of a signed request, 1 KiB body, microseconds",
        &[
            ("operation", 24),
            ("engine", 9),
            ("bare HMAC", 9),
            ("all of it", 9),
            ("beyond the HMAC", 15),
            ("ratio", 6),
        ],
    );
    let bare = compare(plan, &mut engines, number(Operation::Hmac), BYTES)?;
    let mut rows = Vec::new();
    for operation in [Operation::Rfc9421, Operation::Webhook] {
        let whole = compare(plan, &mut engines, number(operation), BYTES)?;
        for ((engine, bare), whole) in ["native", "wasmtime", "V8"].iter().zip(&bare).zip(&whole) {
            // MB/s of the same input length: one over the other is a time.
            let [bare, whole] = [bare, whole].map(|rounds| BYTES as f64 / rounds.median());
            table.line([
                name(operation).to_owned(),
                (*engine).to_owned(),
                cell(bare, 2),
                cell(whole, 2),
                cell(whole - bare, 2),
                cell(whole / bare, 2),
            ]);
            rows.push(json!({
                "operation": name(operation),
                "engine": engine,
                "hmac_microseconds": figure(bare),
                "verify_microseconds": figure(whole),
                "beyond_hmac_microseconds": figure(whole - bare),
                "ratio_to_hmac": figure(whole / bare),
            }));
        }
    }
    Ok(json!({ "bytes": BYTES, "rows": rows }))
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Open => "aes-256-gcm-open",
        Operation::Hmac => "hmac-sha256-verify",
        Operation::Scan => "scan-json",
        Operation::Rfc9421 => "rfc9421-verify",
        Operation::Webhook => "standard-webhooks-verify",
    }
}

/// Interleaved rounds of one operation on all engines, in MB/s (10^6 bytes).
pub(crate) fn compare<const N: usize>(
    plan: &Plan,
    engines: &mut [Box<dyn Engine>; N],
    operation: u32,
    bytes: usize,
) -> anyhow::Result<[Rounds; N]> {
    let mut prepared = [(0, 0); N];
    for (engine, (length, times)) in engines.iter_mut().zip(&mut prepared) {
        *length = engine.prepare(operation, bytes)?;
        if *length < bytes {
            bail!(
                "{} prepared {length} bytes instead of {bytes}",
                engine.version()
            );
        }
        *times = warm_up(plan, engine.as_mut())?;
    }
    let mut all: [Rounds; N] = std::array::from_fn(|_| Rounds::default());
    for _ in 0..plan.rounds {
        for ((engine, rounds), (length, times)) in engines.iter_mut().zip(&mut all).zip(prepared) {
            let seconds = engine.run(times)?.as_secs_f64();
            rounds.push(length as f64 * f64::from(times) / seconds / 1e6);
        }
    }
    Ok(all)
}

/// Runs until the code is compiled and hot; gives the repetitions that fill one round.
fn warm_up(plan: &Plan, engine: &mut dyn Engine) -> anyhow::Result<u32> {
    let mut times = 1_u32;
    let mut spent = Duration::ZERO;
    loop {
        let taken = engine.run(times)?;
        spent += taken;
        if taken * 4 >= plan.compute && spent >= plan.warm_up {
            let wanted = plan.compute.as_secs_f64() / taken.as_secs_f64() * f64::from(times);
            return Ok((wanted as u32).max(1));
        }
        if taken * 4 < plan.compute {
            times = times.saturating_mul(2);
        }
    }
}

/// The module built as the product's is; a test run has only the one of the test guests.
fn module() -> PathBuf {
    std::env::var_os(MODULE).map_or_else(|| required::guest("crypto_bench"), PathBuf::from)
}
