//! Traffic against its own daily shape: a seasonal decomposition with a forecast band (MSTL of
//! `augurs`) over quarters of an hour.

use std::collections::VecDeque;

use augurs_core::{Fit as _, Predict as _};
use augurs_mstl::MSTLModel;

use super::Detector;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Millis, Round, Signal};

/// Length of a bucket, in milliseconds.
const BUCKET: Millis = 900_000;
/// Buckets of a day.
const DAY: usize = 96;
/// Buckets that are kept: four weeks.
const KEPT: usize = 28 * DAY;
/// Buckets that a forecast needs: three days.
const LEAST: usize = 3 * DAY;
/// Level of the band.
const LEVEL: f64 = 0.999;
/// Traffic this much off its forecast is worth a word: half of it, or twice.
const TIMES: f64 = 2.0;
/// Fewer requests than this in a bucket say nothing.
const LEAST_REQUESTS: f64 = 100.0;

/// The detector.
#[derive(Default)]
pub(super) struct Daily {
    /// Requests of closed buckets, without gaps.
    closed: VecDeque<f64>,
    /// Number of the open bucket, and its requests so far.
    open: Option<(Millis, f64)>,
    holds: Option<Notice>,
}

impl Detector for Daily {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let requests: f64 = round.flows_of(Signal::Verdict).map(|one| one.1.value).sum();
        let now = round.at.div_euclid(BUCKET);
        match &mut self.open {
            Some((bucket, sum)) if *bucket == now => *sum += requests,
            Some((bucket, sum)) if *bucket < now => {
                let (gap, sum) = (now.saturating_sub(*bucket), *sum);
                // Rounds as long as a bucket are history being read back: nothing to forecast yet.
                self.holds = (round.span_seconds() < 60.0)
                    .then(|| self.judge(sum))
                    .flatten();
                self.close(sum, gap);
                self.open = Some((now, requests));
            }
            _ => self.open = Some((now, requests)),
        }
        self.holds.clone().into_iter().collect()
    }
}

impl Daily {
    /// Keeps a bucket; those in which nobody watched repeat the day before.
    fn close(&mut self, sum: f64, gap: Millis) {
        self.closed.push_back(sum);
        for _ in 1..gap.min(DAY as Millis) {
            let yesterday = self.closed.len().checked_sub(DAY);
            let filled = yesterday.and_then(|at| self.closed.get(at)).copied();
            self.closed.push_back(filled.unwrap_or(sum));
        }
        while self.closed.len() > KEPT {
            self.closed.pop_front();
        }
    }

    fn judge(&self, seen: f64) -> Option<Notice> {
        if self.closed.len() < LEAST {
            return None;
        }
        let series: Vec<f64> = self.closed.iter().copied().collect();
        let forecast = MSTLModel::naive(vec![DAY])
            .fit(&series)
            .ok()?
            .predict(1, LEVEL)
            .ok()?;
        let point = forecast.point.first()?.max(0.0);
        let band = forecast.intervals?;
        let (lower, upper) = (band.lower.first()?.max(0.0), *band.upper.first()?);
        let outside = seen < lower || seen > upper;
        let far = seen * TIMES < point || seen > point * TIMES;
        (outside && far && seen.max(point) >= LEAST_REQUESTS).then(|| Notice {
            finding: Finding::TrafficUnusual,
            severity: Severity::Info,
            subject: Labels::default(),
            seen: format!("{seen:.0} requests in a quarter of an hour"),
            baseline: format!(
                "{lower:.0} to {upper:.0} at this time of day, {point:.0} most likely"
            ),
            fits: "A campaign, an outage in front of the gates, or a holiday.".to_owned(),
            remedy: "Read it beside the other alerts; alone it asks for nothing.".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(at: usize) -> f64 {
        let phase = at as f64 / DAY as f64 * std::f64::consts::TAU;
        1000.0 + 600.0 * phase.sin() + ((at * 7919) % 41) as f64
    }

    fn learned() -> Daily {
        Daily {
            closed: (0..5 * DAY).map(day).collect(),
            ..Daily::default()
        }
    }

    #[test]
    fn the_daily_shape_is_no_news_and_a_flood_or_a_silence_is() {
        let daily = learned();
        let usual = day(5 * DAY);
        assert_eq!(daily.judge(usual), None);
        assert!(daily.judge(usual * 4.0).is_some());
        assert!(daily.judge(usual * 0.1).is_some());
    }

    #[test]
    fn what_is_usual_at_noon_is_unusual_at_night() {
        let mut daily = learned();
        daily.closed.extend((0..72).map(day));
        // Three quarters into the day the shape is at its lowest.
        assert_eq!(daily.judge(day(72)), None);
        assert!(daily.judge(day(24)).is_some());
    }
}
