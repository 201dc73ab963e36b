//! Welch's t over cropped samples, and the order in which kinds are measured.

/// Shares of the joint sample that are kept, from the fastest: what is slower had to wait for something
/// else on this machine.
const CROPS: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

/// The largest |t| over all crops, as dudect takes it.
pub(super) fn worst_t(one: &[f64], other: &[f64]) -> f64 {
    let mut joint: Vec<f64> = one.iter().chain(other).copied().collect();
    joint.sort_by(f64::total_cmp);
    CROPS
        .iter()
        .filter_map(|share| {
            let last = (joint.len() as f64 * share) as usize;
            let limit = *joint.get(last.saturating_sub(1))?;
            let kept = |sample: &[f64]| -> Vec<f64> {
                sample
                    .iter()
                    .copied()
                    .filter(|time| *time <= limit)
                    .collect()
            };
            t(&kept(one), &kept(other))
        })
        .fold(0.0, |worst, t| worst.max(t.abs()))
}

/// Welch's t; `None` where a sample is too small or has no spread.
fn t(one: &[f64], other: &[f64]) -> Option<f64> {
    let ((one_mean, one_error), (other_mean, other_error)) = (mean(one)?, mean(other)?);
    let error = (one_error + other_error).sqrt();
    (error > 0.0).then(|| (one_mean - other_mean) / error)
}

/// Mean, and variance of the mean.
fn mean(sample: &[f64]) -> Option<(f64, f64)> {
    let count = sample.len() as f64;
    if sample.len() < 10 {
        return None;
    }
    let mean = sample.iter().sum::<f64>() / count;
    let squares: f64 = sample.iter().map(|time| (time - mean).powi(2)).sum();
    Some((mean, squares / (count - 1.0) / count))
}

/// The middle value.
pub(super) fn median(sample: &[f64]) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// xorshift64*: an order that has nothing to do with the times.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        drawn as usize % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times around `middle` with a spread of 100 and now and then a long wait.
    fn times(middle: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..20_000)
            .map(|_| {
                let wait = if random.below(50) == 0 { 50_000.0 } else { 0.0 };
                middle + random.below(100) as f64 + wait
            })
            .collect()
    }

    #[test]
    fn a_difference_is_seen_through_the_noise_and_none_is_seen_where_there_is_none() {
        let (one, same) = (times(1000.0, 1), times(1000.0, 2));
        assert!(worst_t(&one, &same) < 4.5, "{}", worst_t(&one, &same));
        let slower = times(1005.0, 3);
        assert!(worst_t(&one, &slower) > 4.5, "{}", worst_t(&one, &slower));
    }

    #[test]
    fn small_samples_and_constant_ones_say_nothing() {
        assert_eq!(worst_t(&[1.0; 5], &[2.0; 5]), 0.0);
        assert_eq!(worst_t(&[1.0; 50], &[1.0; 50]), 0.0);
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }
}
