//! History for one chart: `?by=policy&name=payments&span=3600`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::round::{Labels, Millis, Round, Signal};
use crate::store::RESOLUTIONS;
use crate::watch::Shared;

/// Longest span, in seconds.
const MAX_SPAN: i64 = 60 * 86_400;
/// Most points of a chart.
const MAX_POINTS: i64 = 400;

/// A chart's numbers: rates per second, one list for each name, all as long as `at`.
#[derive(Debug, Serialize)]
struct History {
    at: Vec<Millis>,
    /// Seconds of one point.
    step: i64,
    /// Name and rates, largest first.
    lines: Vec<(String, Vec<f64>)>,
}

/// The answer to a query, as JSON; nothing for a query that is none.
pub(super) fn answer(shared: &Shared, query: Option<&str>) -> Option<String> {
    let pairs: BTreeMap<&str, String> = query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, value)| Some((name, decoded(value)?)))
        .collect();
    let by = pairs.get("by")?.as_str();
    let name = pairs.get("name").map(String::as_str).unwrap_or_default();
    let span: i64 = pairs.get("span")?.parse().ok()?;
    if !(60..=MAX_SPAN).contains(&span) {
        return None;
    }
    let accept: &dyn Fn(&str, Signal, &Labels) -> Option<String> = match by {
        "all" => &|_, signal, labels| verdict(signal, labels),
        "policy" => &|_, signal, labels| {
            let ours = labels.get("policy") == Some(name);
            ours.then(|| reason(signal, labels)).flatten()
        },
        "gateway" => &|source, signal, labels| {
            let ours = source == name;
            ours.then(|| reason(signal, labels)).flatten()
        },
        "key" => &|_, signal, labels| {
            if labels.get("key") != Some(name) {
                return None;
            }
            match signal {
                Signal::KeyFailure => Some(labels.or_dash("reason").to_owned()),
                Signal::Opened => Some("opened".to_owned()),
                _ => None,
            }
        },
        "bridge" => &|source, signal, labels| {
            let ours = source == name && signal == Signal::BridgeRequest;
            ours.then(|| labels.or_dash("code").to_owned())
        },
        "strength" => &|_, signal, labels| match signal {
            Signal::TlsGroup => labels.get("group").map(str::to_owned),
            _ => None,
        },
        _ => return None,
    };
    let resolution = RESOLUTIONS
        .iter()
        .position(|(length, kept)| {
            let all = length.saturating_mul(i64::try_from(*kept).unwrap_or(0));
            span * 1000 <= all && span * 1000 / length <= MAX_POINTS
        })
        .unwrap_or(RESOLUTIONS.len() - 1);
    let now = now_of(shared)?;
    let rounds = shared.with_store(|store| store.rounds(resolution, now - span * 1000));
    let length = RESOLUTIONS.get(resolution)?.0;
    serde_json::to_string(&chart(&rounds.ok()?, length, accept)).ok()
}

/// The moment of the latest view: history ends there.
fn now_of(shared: &Shared) -> Option<Millis> {
    let view: serde_json::Value = serde_json::from_str(&shared.view().borrow()).ok()?;
    view.get("at")?.as_i64()
}

fn chart(
    rounds: &[Round],
    length: Millis,
    accept: &dyn Fn(&str, Signal, &Labels) -> Option<String>,
) -> History {
    let mut lines: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (at, round) in rounds.iter().enumerate() {
        for source in &round.sources {
            for reading in &source.flows {
                let Some(name) = accept(&source.source, reading.signal, &reading.labels) else {
                    continue;
                };
                let line = lines.entry(name).or_insert_with(|| vec![0.0; rounds.len()]);
                if let Some(point) = line.get_mut(at) {
                    *point += reading.value / source.span_seconds.max(1.0);
                }
            }
        }
    }
    let mut lines: Vec<(String, Vec<f64>)> = lines.into_iter().collect();
    let sum = |line: &(String, Vec<f64>)| line.1.iter().sum::<f64>();
    lines.sort_by(|left, right| sum(right).total_cmp(&sum(left)));
    History {
        at: rounds.iter().map(|round| round.at).collect(),
        step: length / 1000,
        lines,
    }
}

fn verdict(signal: Signal, labels: &Labels) -> Option<String> {
    (signal == Signal::Verdict).then(|| match labels.or_dash("outcome") {
        "allowed" => "sealed".to_owned(),
        other => other.to_owned(),
    })
}

fn reason(signal: Signal, labels: &Labels) -> Option<String> {
    let verdict = verdict(signal, labels)?;
    if verdict == "refused" {
        return Some(labels.or_dash("reason").to_owned());
    }
    Some(verdict)
}

/// Percent-decoded; nothing when it is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_any_character_arrive() {
        assert_eq!(decoded("a%2Fb%20c+d").as_deref(), Some("a/b c d"));
        assert_eq!(decoded("%C3%BC").as_deref(), Some("ü"));
        assert_eq!(
            (decoded("%C3"), decoded("%4"), decoded("%zz")),
            (None, None, None)
        );
    }
}
