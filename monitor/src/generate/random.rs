//! Seeded randomness, and the two distributions that counts and drifts need.

/// A seeded source.
#[derive(Clone, Debug)]
pub(super) struct Random(fastrand::Rng);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Between 0 and 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.f64()
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them.
    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() {
            return None;
        }
        all.get(self.0.usize(..all.len()))
    }

    /// Standard normal (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let (first, second) = (1.0 - self.unit(), self.unit());
        (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
    }

    /// Poisson: by counting for small means (Knuth), from the normal for large ones.
    pub(super) fn poisson(&mut self, mean: f64) -> f64 {
        if mean <= 0.0 {
            return 0.0;
        }
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let bound = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0.0;
        while product > bound {
            product *= self.unit();
            count += 1.0;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_variances_are_those_of_poisson() {
        let mut random = Random::new(7);
        for mean in [0.3, 4.0, 80.0] {
            let draws: Vec<f64> = (0..4000).map(|_| random.poisson(mean)).collect();
            let average = draws.iter().sum::<f64>() / 4000.0;
            let spread = draws
                .iter()
                .map(|draw| (draw - average).powi(2))
                .sum::<f64>()
                / 4000.0;
            assert!((average / mean - 1.0).abs() < 0.1, "{mean}: {average}");
            assert!((spread / mean - 1.0).abs() < 0.15, "{mean}: {spread}");
        }
    }
}
