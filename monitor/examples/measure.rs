//! Prints the table of `docs/monitor.md`: `cargo run -p sealgate-monitor --example measure -- 20`.

use sealgate_monitor::generate::Attack;
use sealgate_monitor::generate::measure::{false_alerts, score};

fn main() {
    let seeds = std::env::args()
        .nth(1)
        .and_then(|given| given.parse().ok())
        .unwrap_or(20);
    println!("| Scenario | What happens | Must be said | Recall | Precision | Median time |");
    println!("|---|---|---|---|---|---|");
    for attack in Attack::ALL {
        let score = score(attack, 0..seeds);
        let time = score.median_seconds().map_or_else(
            || "-".to_owned(),
            |seconds| {
                if seconds > 120.0 {
                    format!("{:.0} min", seconds / 60.0)
                } else {
                    format!("{seconds:.0} s")
                }
            },
        );
        println!(
            "| {attack:?} | {} | `{}` | {}/{} | {:.2} | {time} |",
            attack.about(),
            attack.must().code(),
            score.found,
            score.runs,
            score.precision(),
        );
        if !score.wrong.is_empty() {
            eprintln!("{attack:?}: wrong {:?}", score.wrong);
        }
    }
    let hours = 24.0;
    for seed in 100..103 {
        let alerts = false_alerts(seed, hours);
        println!(
            "\n{hours:.0} hours of mixed normal load, seed {seed}: {} alerts {alerts:?}",
            alerts.len()
        );
    }
}
