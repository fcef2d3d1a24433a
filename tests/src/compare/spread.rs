//! The median of some numbers, and how far they lie apart.

use serde::{Deserialize, Serialize};

/// Some numbers, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The one in the middle, or between the two in the middle.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// How many there are.
    pub count: usize,
    /// Each of them.
    pub samples: Vec<f64>,
}

impl Spread {
    /// Of these numbers; of none it is all zeroes.
    #[must_use]
    pub fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().map(thousandths).collect();
        samples.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (samples.first(), samples.last()) else {
            return Self::default();
        };
        let middle = samples.len() / 2;
        let median = if samples.len() % 2 == 1 {
            samples[middle]
        } else {
            thousandths(f64::midpoint(samples[middle - 1], samples[middle]))
        };
        Self { median, least: *least, most: *most, count: samples.len(), samples }
    }
}

/// No more digits than a clock of milliseconds knows.
fn thousandths(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
