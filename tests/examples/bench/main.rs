//! `cargo xtask bench`: the whole path through real Envoy, the cryptography in three engines, the
//! bridge against the bare token. One run makes every figure, so that ratios are of one machine
//! at one time.

mod crypto;
mod load;
mod path;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

/// How the measurement is run.
struct Plan {
    /// Length of each round.
    round: Duration,
    /// Rounds of each case; the best one counts, because other work on the machine only slows.
    rounds: usize,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut json_file: Option<PathBuf> = None;
    let mut plan = Plan { round: Duration::from_secs(3), rounds: 3 };
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--json" => json_file = arguments.next().map(PathBuf::from),
            "--quick" => plan = Plan { round: Duration::from_millis(500), rounds: 1 },
            tokens::BARE => {
                let folder = arguments.next().expect("a folder");
                return tokens::bare(&PathBuf::from(folder));
            }
            other => panic!("unknown word {other}"),
        }
    }
    let report = json!({
        "format": 1,
        "machine": machine(),
        "round_seconds": plan.round.as_secs_f64(),
        "rounds": plan.rounds,
        "path": path::measure(&plan),
        "crypto": crypto::measure(&plan),
        "tokens": tokens::measure(&plan),
    });
    if let Some(file) = json_file {
        std::fs::write(&file, format!("{report:#}\n")).expect("the report is written");
        println!("\nwrote {}", file.display());
    }
}

/// What the figures were made on; absolute figures mean little without it.
fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    json!({
        "cpu": model.trim_start_matches(['\t', ' ', ':']),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "envoy": "1.40.0",
    })
}

/// Prints a heading.
fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
}
