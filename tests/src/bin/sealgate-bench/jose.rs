//! Tokens and bodies in JWE: the product's code per engine, beside josekit (OpenSSL) in this process and
//! npm jose (WebCrypto) in node, all on the same messages.
//!
//! Our engines run the same file, `tests/guests/jose-bench/work.rs`.

mod josekit;
mod npm;
#[path = "../../../guests/jose-bench/work.rs"]
mod work;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::crypto::engine::Engine;
use crate::crypto::{compare, v8::V8, wasmtime::Wasmtime};
use crate::plan::Plan;
use crate::report::{Table, cell, figure, size};
use work::{Operation, Work};

/// Bytes of the bodies.
const SIZES: [usize; 3] = [1 << 10, 64 << 10, 1 << 20];
/// The module that `cargo xtask bench` builds.
const MODULE: &str = "SEALGATE_JOSE_BENCH_WASM";
const ENGINES: [&str; 5] = ["native", "wasmtime", "V8", "josekit", "npm jose"];

/// Measures, prints, and gives the figures.
///
/// # Errors
/// An engine does not start, or gives a wrong result.
pub(crate) fn measure(plan: &Plan) -> anyhow::Result<Value> {
    let module = std::env::var_os(MODULE).map(PathBuf::from);
    let module =
        module.with_context(|| format!("{MODULE} is not set; run `cargo xtask bench jose`"))?;
    let mut engines: [Box<dyn Engine>; 5] = [
        Box::new(Native::default()),
        Box::new(Wasmtime::load(&module)?),
        Box::new(V8::start(&module)?),
        Box::new(josekit::Josekit::default()),
        Box::new(npm::Npm::start()?),
    ];
    let table = Table::start(
        "JWE: tokens opened and verified a second (ECDH-ES+A256KW on P-256, ES256 inside); bodies opened \
         a second (A256KW); all A256GCM",
        &[
            ("operation", 14),
            ("native", 9),
            ("wasmtime", 9),
            ("V8", 9),
            ("josekit", 9),
            ("npm jose", 9),
            ("native/josekit", 15),
            ("wasmtime/josekit", 17),
            ("V8/npm jose", 12),
        ],
    );
    let inputs = [(Operation::Token, 0)]
        .into_iter()
        .chain(SIZES.map(|bytes| (Operation::Body, bytes)));
    let mut rows = Vec::new();
    for (operation, bytes) in inputs {
        let length = Work::new(operation, bytes)
            .ok()
            .context("no message")?
            .sealed()
            .len();
        let rates = compare(plan, &mut engines, number(operation), bytes)?;
        // `compare` counts bytes of the message: MB/s over its length is messages a second.
        let rates = rates.map(|rounds| rounds.scaled(1e6 / length as f64));
        let [native, wasmtime, v8, josekit, npm] = &rates;
        let ratios = [
            native.ratio_to(josekit),
            wasmtime.ratio_to(josekit),
            v8.ratio_to(npm),
        ];
        let name = match operation {
            Operation::Token => "token".to_owned(),
            Operation::Body => format!("body, {}", size(bytes)),
        };
        table.line(
            [name.clone()]
                .into_iter()
                .chain(rates.iter().map(|rounds| cell(rounds.median(), 0)))
                .chain(ratios.map(|ratio| cell(ratio, 3))),
        );
        let figures: serde_json::Map<String, Value> = ENGINES
            .iter()
            .zip(&rates)
            .map(|(engine, rounds)| ((*engine).to_owned(), rounds.json()))
            .collect();
        rows.push(json!({
            "operation": name,
            "plaintext_bytes": bytes,
            "message_bytes": length,
            "per_second": figures,
            "native_to_josekit": figure(ratios[0]),
            "wasmtime_to_josekit": figure(ratios[1]),
            "v8_to_npm_jose": figure(ratios[2]),
        }));
    }
    let versions: Vec<_> = engines.iter().map(|engine| engine.version()).collect();
    println!("  engines: {}", versions.join(", "));
    Ok(json!({ "engines": versions, "rows": rows }))
}

/// This process.
#[derive(Default)]
struct Native(Option<Work>);

impl Engine for Native {
    fn version(&self) -> String {
        format!("native {}", std::env::consts::ARCH)
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        Ok(self.0.insert(message(operation, bytes)?).sealed().len())
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let Some(work) = &mut self.0 else {
            bail!("nothing is prepared")
        };
        let began = Instant::now();
        ensure!(work.run(times), "a native result is wrong");
        Ok(began.elapsed())
    }
}

/// The message of an operation, by the number that guest and host share.
fn message(operation: u32, bytes: usize) -> anyhow::Result<Work> {
    let operation = Operation::ALL.get(operation as usize);
    let operation = *operation.context("no such operation")?;
    Work::new(operation, bytes).map_err(|fault| anyhow::anyhow!("not sealed: {fault}"))
}

fn number(operation: Operation) -> u32 {
    Operation::ALL
        .iter()
        .position(|one| *one == operation)
        .unwrap_or_default() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_and_josekit_open_the_same_messages() {
        let mut engines: [Box<dyn Engine>; 2] = [
            Box::new(Native::default()),
            Box::new(josekit::Josekit::default()),
        ];
        for operation in Operation::ALL {
            let lengths = engines.each_mut().map(|engine| {
                let length = engine.prepare(number(operation), 1024).expect("prepared");
                engine.run(3).expect("a right result");
                length
            });
            assert_eq!(lengths[0], lengths[1]);
        }
    }
}
