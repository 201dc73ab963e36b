//! One gateway that behaves unlike the others: outliers by the median of the fleet and its absolute
//! deviation, and another policy than the rest.
//!
//! The library that has more refined ways (`augurs-outlier`) brings two dozen crates and has most of
//! this workspace compiled anew; among a handful of gateways a median says the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Detector;
use super::window::Window;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Role, Round, Signal, SourceRound};
use crate::strength::Strength;

/// Gateways that make a fleet.
const FLEET: usize = 3;
/// Seconds of one point of a series, and points.
const POINT_SECONDS: i64 = 15;
const POINTS: usize = 4;
/// Requests of a gateway in one point that are enough for a share.
const LEAST_REQUESTS: f64 = 10.0;
/// Standard deviations of a share among so many requests that are no chance.
const CHANCE: f64 = 5.0;
/// Shares closer together than this are alike.
const ALIKE: f64 = 0.12;
/// Median absolute deviations from the median that are no chance; 1.4826 of them are a standard
/// deviation.
const DEVIATIONS: f64 = 6.0 * 1.4826;
/// Rounds for which another policy is no rollout in progress.
const SETTLED_SECONDS: f64 = 60.0;

/// Shares that are compared.
const ASPECTS: [(&str, &str); 3] = [
    ("refused", "of its requests were refused"),
    (
        "weaker",
        "of its handshakes had no post-quantum group or old TLS",
    ),
    ("open", "of its requests went through open routes"),
];

/// The detector.
#[derive(Default)]
pub(super) struct Fleet {
    gateways: BTreeMap<String, Gateway>,
    /// Gateways and aspects that differ: until they are alike again by half the measure, so that one
    /// on the edge is one finding.
    differ: BTreeSet<(String, usize)>,
    other_policy: HashMap<String, f64>,
}

struct Gateway {
    /// Parts and wholes of each aspect, per point, the latest last.
    points: [Window<[f64; 6]>; POINTS],
}

impl Gateway {
    /// Parts and wholes of an aspect, oldest first.
    fn points(&self, aspect: usize) -> Vec<(f64, f64)> {
        // Each window holds what the next shorter one holds as well.
        let sums: Vec<[f64; 6]> = self.points.iter().map(Window::sum).collect();
        let at = |sums: &[f64; 6], index: usize| sums.get(index).copied().unwrap_or(0.0);
        let mut points = Vec::new();
        let mut before = [0.0, 0.0];
        for sums in &sums {
            let (part, whole) = (at(sums, 2 * aspect), at(sums, 2 * aspect + 1));
            points.push((part - before[0], whole - before[1]));
            before = [part, whole];
        }
        points.reverse();
        points
    }
}

impl Detector for Fleet {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        for source in round.of(Role::Gateway).filter(|one| one.span_seconds > 0.0) {
            let gateway = self.gateways.entry(source.source.clone());
            let gateway = gateway.or_insert_with(|| Gateway {
                points: std::array::from_fn(|at| {
                    Window::new(POINT_SECONDS.saturating_mul(at as i64 + 1))
                }),
            });
            let sums = sums(source);
            for window in &mut gateway.points {
                window.push(round.at, source.span_seconds, sums);
            }
        }
        let mut notices = self.outliers();
        notices.extend(self.policies(round));
        notices
    }
}

impl Fleet {
    fn outliers(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (aspect, (name, words)) in ASPECTS.into_iter().enumerate() {
            let fleet: Vec<(&String, Vec<(f64, f64)>)> = self
                .gateways
                .iter()
                .map(|(name, gateway)| (name, gateway.points(aspect)))
                .filter(|(_, points)| points.iter().all(|point| point.1 >= LEAST_REQUESTS))
                .collect();
            if fleet.len() < FLEET {
                continue;
            }
            let outliers: Vec<usize> = (0..fleet.len())
                .filter(|&at| {
                    let held = fleet
                        .get(at)
                        .is_some_and(|one| self.differ.contains(&(one.0.clone(), aspect)));
                    let measure = if held { 0.5 } else { 1.0 };
                    (0..POINTS).all(|point| is_outlier(&fleet, at, point, measure))
                })
                .collect();
            let differ: BTreeSet<(String, usize)> = outliers
                .iter()
                .filter_map(|at| Some((fleet.get(*at)?.0.clone(), aspect)))
                .collect();
            self.differ.retain(|one| one.1 != aspect);
            self.differ.extend(differ);
            // One that differs is said; when a third of them differ, there is no fleet to differ from.
            if outliers.len() * 3 > fleet.len() {
                continue;
            }
            for at in outliers {
                let Some((gateway, points)) = fleet.get(at) else {
                    continue;
                };
                let mean = |points: &[(f64, f64)]| {
                    points.iter().map(|point| point.0).sum::<f64>()
                        / points.iter().map(|point| point.1).sum::<f64>()
                };
                let average = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
                let others: Vec<f64> = fleet
                    .iter()
                    .filter(|one| one.0 != *gateway)
                    .map(|one| mean(&one.1))
                    .collect();
                notices.push(Notice {
                    finding: Finding::GatewayDiffers,
                    severity: Severity::Warning,
                    subject: Labels::new([("gateway", gateway.as_str()), ("aspect", name)]),
                    seen: format!("{:.0} % {words}", 100.0 * mean(points)),
                    baseline: format!(
                        "the other {} gateways: {:.0} %",
                        others.len(),
                        100.0 * average(&others)
                    ),
                    fits: "One instance has another configuration, clock, certificate or route to the key \
                           service; or somebody works on one instance alone."
                        .to_owned(),
                    remedy: "Compare its configuration, version and clock with a neighbour's; take it out \
                             of the load balancer meanwhile."
                        .to_owned(),
                });
            }
        }
        notices
    }

    /// A gateway whose policy is not the one most have, for longer than a rollout takes.
    fn policies(&mut self, round: &Round) -> Vec<Notice> {
        let mut revisions: BTreeMap<&str, u64> = BTreeMap::new();
        for source in round.of(Role::Gateway) {
            let current = source
                .levels_of(Signal::PolicyRevision)
                .find(|one| one.labels.get("generation") == Some("current"));
            if let Some(current) = current {
                revisions.insert(&source.source, current.value as u64);
            }
        }
        let mut votes: HashMap<u64, usize> = HashMap::new();
        for revision in revisions.values() {
            *votes.entry(*revision).or_default() += 1;
        }
        let most = votes.iter().max_by_key(|vote| (*vote.1, *vote.0));
        let most = most
            .filter(|vote| vote.1 * 2 > revisions.len())
            .map(|vote| *vote.0);
        let Some(most) = most.filter(|_| revisions.len() >= FLEET) else {
            self.other_policy.clear();
            return Vec::new();
        };
        self.other_policy.retain(|gateway, _| {
            revisions
                .get(gateway.as_str())
                .is_some_and(|own| *own != most)
        });
        let mut notices = Vec::new();
        for (gateway, own) in revisions.iter().filter(|one| *one.1 != most) {
            let seconds = self.other_policy.entry((*gateway).to_owned()).or_default();
            *seconds += round.span_seconds();
            if *seconds >= SETTLED_SECONDS {
                notices.push(Notice {
                    finding: Finding::GatewayDiffers,
                    severity: Severity::Warning,
                    subject: Labels::new([("gateway", *gateway), ("aspect", "policy")]),
                    seen: format!("it runs policy {own:012x}"),
                    baseline: format!("most gateways run policy {most:012x}"),
                    fits: "A rollout stopped half-way, or one instance was changed by hand.".to_owned(),
                    remedy: "See why it did not take the policy: its log says so at the time of the push."
                        .to_owned(),
                });
            }
        }
        notices
    }
}

/// Whether one gateway's share is far from the median of the others, at one point of time.
fn is_outlier(fleet: &[(&String, Vec<(f64, f64)>)], at: usize, point: usize, measure: f64) -> bool {
    let of = |at: usize| fleet.get(at).and_then(|one| one.1.get(point)).copied();
    let Some((part, whole)) = of(at) else {
        return false;
    };
    let others: Vec<f64> = (0..fleet.len())
        .filter(|other| *other != at)
        .filter_map(of)
        .map(|(part, whole)| part / whole)
        .collect();
    let middle = median(others.clone());
    let spread = median(others.iter().map(|other| (other - middle).abs()).collect());
    let chance = (middle.max(1.0 / whole) * (1.0 - middle).max(0.01) / whole).sqrt();
    let limit = ALIKE.max(DEVIATIONS * spread).max(CHANCE * chance);
    (part / whole - middle).abs() > measure * limit
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 {
        at(half)
    } else {
        f64::midpoint(at(half), at(half.saturating_sub(1)))
    }
}

/// Part and whole of each aspect.
fn sums(source: &SourceRound) -> [f64; 6] {
    let mut sums = [0.0; 6];
    for reading in source.flows_of(Signal::Verdict) {
        let outcome = reading.labels.or_dash("outcome");
        sums[0] += if outcome == "refused" {
            reading.value
        } else {
            0.0
        };
        sums[4] += if outcome == "open" {
            reading.value
        } else {
            0.0
        };
        sums[1] += reading.value;
        sums[5] += reading.value;
    }
    for reading in source.flows_of(Signal::TlsGroup) {
        let weaker = Strength::of_group(reading.labels.or_dash("group")) < Strength::PostQuantum;
        sums[2] += if weaker { reading.value } else { 0.0 };
        sums[3] += reading.value;
    }
    sums
}
