//! What ends soon: certificates of the proxies, keys of the policies.

use std::collections::BTreeMap;

use super::Detector;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Reading, Round, Signal};

/// Days before the end at which it is worth a word, and at which somebody is woken.
const WARN_DAYS: f64 = 21.0;
const WAKE_DAYS: f64 = 3.0;

/// Something with an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry {
    /// `certificate` or `key`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Where it was seen, the first place.
    pub source: String,
    /// Days until its end; negative when it has ended.
    pub days: f64,
}

/// Everything with an end, nearest first. Of one certificate at several gateways, the nearest.
#[must_use]
pub fn endings(round: &Round) -> Vec<Expiry> {
    let mut all: BTreeMap<(&'static str, String), Expiry> = BTreeMap::new();
    for source in &round.sources {
        let days = |reading: &Reading| match reading.signal {
            Signal::CertificateDays => reading.value,
            _ => (reading.value - round.at as f64 / 1000.0) / 86_400.0,
        };
        for reading in &source.levels {
            let (what, name) = match reading.signal {
                Signal::CertificateEnds => ("certificate", reading.labels.or_dash("certificate")),
                Signal::KeyEnds => ("key", reading.labels.or_dash("key")),
                _ => continue,
            };
            // Zero is how an absent end is written.
            if reading.value <= 0.0 {
                continue;
            }
            let found = Expiry {
                what,
                name: name.to_owned(),
                source: source.source.clone(),
                days: days(reading),
            };
            let kept = all
                .entry((what, name.to_owned()))
                .or_insert_with(|| found.clone());
            if found.days < kept.days {
                *kept = found;
            }
        }
    }
    let mut all: Vec<Expiry> = all.into_values().collect();
    all.sort_by(|left, right| left.days.total_cmp(&right.days));
    all
}

/// The detector: no state, only distance.
pub(super) struct Endings;

impl Detector for Endings {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        endings(round)
            .into_iter()
            .filter(|one| one.days < WARN_DAYS)
            .map(|one| {
                let when = if one.days < 0.0 {
                    format!("ended {:.0} days ago", -one.days)
                } else if one.days < 2.0 {
                    format!("ends in {:.0} hours", one.days * 24.0)
                } else {
                    format!("ends in {:.0} days", one.days)
                };
                Notice {
                    finding: Finding::ExpiryNear,
                    severity: if one.days < WAKE_DAYS {
                        Severity::Critical
                    } else {
                        Severity::Warning
                    },
                    subject: Labels::new([(one.what, one.name.as_str())]),
                    seen: format!("the {} {} at {} {when}", one.what, one.name, one.source),
                    baseline: format!("{WARN_DAYS:.0} days are enough to renew in peace"),
                    fits: "Not an attack; from that hour on, every request that needs it fails."
                        .to_owned(),
                    remedy:
                        "Renew it, put the new one beside the old (policies take several keys per \
                             sender, Envoy takes certificates by SDS), then remove the old one."
                            .to_owned(),
                }
            })
            .collect()
    }
}
