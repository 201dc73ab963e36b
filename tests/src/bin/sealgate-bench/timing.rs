//! Whether the time of a refusal tells its cause, as dudect asks it (Reparaz, Balasch, Verbauwhede 2017):
//! messages of two kinds in random order, and Welch's t between their times.
//!
//! Every kind is held against messages whose tag is wrong, and so is a second set of such messages: that
//! control says what t this machine gives where there is no difference. A |t| beyond 4.5 where the
//! control is well below means a difference; where the control is beyond it, too, the machine is not
//! quiet enough to say.

mod gates;
mod messages;
mod statistics;

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::report::{Table, cell, figure};
use gates::{Gate, Module, Native};
use messages::{Kind, Messages, Place};

/// Beyond this, two distributions of times differ (dudect's bound).
const BOUND: f64 = 4.5;

/// Measures, prints, and gives the figures.
///
/// # Errors
/// A gate does not start, or lets a message pass.
pub(crate) fn measure(plan: &Plan) -> anyhow::Result<Value> {
    let table = Table::start(
        "Time of refusals: each kind of failure beside a wrong tag, microseconds",
        &[
            ("where", 34),
            ("kind", 16),
            ("wrong tag", 10),
            ("this", 10),
            ("above", 9),
            ("|t|", 7),
            ("control", 8),
        ],
    );
    let mut rows = Vec::new();
    for place in Place::ALL {
        let messages = Messages::make(place)?;
        let mut gates: [(&str, usize, Box<dyn Gate>); 2] = [
            ("native", 60_000, Box::new(Native::new(&messages)?)),
            (
                "module in wasmtime",
                12_000,
                Box::new(Module::new(&messages)?),
            ),
        ];
        for (engine, count, gate) in &mut gates {
            let count = match plan.quick {
                true => 200,
                false => *count * plan.rounds / 5,
            };
            let times = sample(gate.as_mut(), &messages, count.max(200))?;
            let control = statistics::worst_t(&times[0], &times[1]);
            let reference = statistics::median(&times[0]);
            for (kind, taken) in Kind::ALL.iter().zip(&times).skip(2) {
                let worst = statistics::worst_t(&times[0], taken);
                let above = statistics::median(taken) - reference;
                table.line([
                    format!("{}, {engine}", place.name()),
                    kind.name().to_owned(),
                    cell(reference / 1e3, 2),
                    cell((reference + above) / 1e3, 2),
                    cell(above / 1e3, 3),
                    cell(worst, 2),
                    cell(control, 2),
                ]);
                rows.push(json!({
                    "where": place.name(),
                    "engine": engine,
                    "kind": kind.name(),
                    "measurements": count,
                    "wrong_tag_microseconds": figure(reference / 1e3),
                    "above_microseconds": figure(above / 1e3),
                    "t": figure(worst),
                    "control_t": figure(control),
                    "within_bound": worst < BOUND,
                    "control_within_bound": control < BOUND,
                }));
            }
        }
    }
    println!("  bound: {BOUND}; where the control is beyond it, the machine is too noisy to tell");
    Ok(json!({ "bound": BOUND, "rows": rows }))
}

/// Times in nanoseconds by kind, taken in random order.
fn sample(
    gate: &mut dyn Gate,
    messages: &Messages,
    count: usize,
) -> anyhow::Result<[Vec<f64>; Kind::ALL.len()]> {
    let mut times: [Vec<f64>; Kind::ALL.len()] = Default::default();
    let mut random = statistics::Random::new(0x5eed);
    // Code and caches get warm on a tenth of it.
    for round in 0..count + count / 10 {
        let kind = random.below(Kind::ALL.len());
        let message = messages.of(Kind::ALL[kind], random.below(messages::VARIANTS));
        let taken = gate.refuse(message)?;
        if round >= count / 10 {
            times[kind].push(taken.as_nanos() as f64);
        }
    }
    Ok(times)
}
