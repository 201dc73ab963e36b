//! What is usual: the rate of something, and how much it varies.

/// Seconds after which half of an old observation is forgotten.
const HALF_LIFE_SECONDS: f64 = 1_800.0;
/// Most that counts may vary beyond chance and still widen the band: variance over mean.
const MAX_DISPERSION: f64 = 30.0;
/// Counts that may have been missed so far.
const UNSEEN: f64 = 3.0;

/// Rate of counts per second with its dispersion, learned bit by bit and forgotten slowly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Baseline {
    /// Seconds learned, old ones forgotten.
    seconds: f64,
    /// Counts learned, old ones forgotten.
    counts: f64,
    /// Squared deviations over expected counts, and their number.
    deviations: f64,
    looks: f64,
}

impl Baseline {
    /// `count` came within `span` seconds.
    pub(crate) fn learn(&mut self, count: f64, span: f64) {
        if span <= 0.0 {
            return;
        }
        let expected = self.rate() * span;
        if self.seconds >= 30.0 {
            // Of a rate near zero every count is far off; one count is the least expectation.
            let expected = expected.max(0.2);
            self.deviations += (count - expected).powi(2) / expected;
            self.looks += 1.0;
        }
        self.seconds += span;
        self.counts += count;
        let keep = 0.5_f64.powf(span / HALF_LIFE_SECONDS);
        for sum in [
            &mut self.seconds,
            &mut self.counts,
            &mut self.deviations,
            &mut self.looks,
        ] {
            *sum *= keep;
        }
    }

    /// Counts per second.
    pub(crate) fn rate(&self) -> f64 {
        if self.seconds > 0.0 {
            self.counts / self.seconds
        } else {
            0.0
        }
    }

    /// Seconds it was learned from.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The count within `span` seconds that comes by chance once in `e^rarity` times: Bernstein's
    /// bound for a Poisson count, widened by the dispersion that was seen. While little is learned,
    /// the rate may be higher than it looks: three counts more are assumed.
    pub(crate) fn limit(&self, span: f64, rarity: f64) -> f64 {
        if self.seconds <= 0.0 {
            return f64::INFINITY;
        }
        let expected = (self.counts + UNSEEN) / self.seconds * span;
        let dispersion = if self.looks >= 3.0 {
            (self.deviations / self.looks).clamp(1.0, MAX_DISPERSION)
        } else {
            1.0
        };
        expected + (2.0 * expected * dispersion * rarity).sqrt() + dispersion * rarity / 3.0
    }
}

/// A share between 0 and 1 with its own variation, learned from windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShareBaseline {
    part: f64,
    whole: f64,
    squares: f64,
    looks: f64,
}

impl ShareBaseline {
    /// Of `whole` things, `part` were of the kind.
    pub(crate) fn learn(&mut self, part: f64, whole: f64, span: f64) {
        if whole <= 0.0 {
            return;
        }
        if self.whole >= 50.0 {
            self.squares += (part / whole - self.share()).powi(2);
            self.looks += 1.0;
        }
        self.part += part;
        self.whole += whole;
        let keep = 0.5_f64.powf(span / HALF_LIFE_SECONDS);
        for sum in [
            &mut self.part,
            &mut self.whole,
            &mut self.squares,
            &mut self.looks,
        ] {
            *sum *= keep;
        }
    }

    /// The usual share.
    pub(crate) fn share(&self) -> f64 {
        if self.whole > 0.0 {
            (self.part / self.whole).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Things it was learned from.
    pub(crate) fn whole(&self) -> f64 {
        self.whole
    }

    /// Standard deviation of the share among `whole` things: what chance gives, and what was seen.
    pub(crate) fn deviation(&self, whole: f64) -> f64 {
        let share = self.share().clamp(0.5 / self.whole.max(1.0), 1.0);
        let chance = (share * (1.0 - share).max(0.01) / whole.max(1.0)).sqrt();
        let seen = if self.looks >= 3.0 {
            (self.squares / self.looks).sqrt()
        } else {
            0.0
        };
        chance.max(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_has_a_narrow_band_and_a_lively_one_a_wide_band() {
        let (mut steady, mut lively) = (Baseline::default(), Baseline::default());
        for round in 0..200 {
            steady.learn(10.0, 5.0);
            lively.learn(if round % 2 == 0 { 0.0 } else { 20.0 }, 5.0);
        }
        assert!((steady.rate() - 2.0).abs() < 0.01 && (lively.rate() - 2.0).abs() < 0.1);
        assert!(steady.limit(20.0, 12.0) < 85.0);
        assert!(lively.limit(20.0, 12.0) > 130.0);
    }

    #[test]
    fn what_was_usual_is_forgotten() {
        let mut baseline = Baseline::default();
        for _ in 0..720 {
            baseline.learn(50.0, 5.0);
        }
        for _ in 0..(4 * 3600 / 5) {
            baseline.learn(0.0, 5.0);
        }
        assert!(baseline.rate() < 0.1, "{}", baseline.rate());
    }
}
