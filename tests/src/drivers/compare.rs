//! What several runs of one schedule have in common, and whether another run agrees with that.

use std::collections::BTreeSet;

use super::sample::{Attempt, Sample};

/// What is expected of another driver.
#[derive(Clone, Debug)]
pub struct Expected {
    samples: Vec<Sample>,
}

impl Expected {
    /// What these runs have in common.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[must_use]
    pub fn of(samples: Vec<Sample>) -> Self {
        assert!(!samples.is_empty(), "a run to compare with");
        Self { samples }
    }

    /// Whether all of them show the same.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.samples.iter().all(|sample| *sample == self.samples[0])
    }

    /// One of them.
    #[must_use]
    pub fn first(&self) -> &Sample {
        &self.samples[0]
    }

    /// Everything in which a sample agrees with none of the runs, or breaks what holds in any case.
    #[must_use]
    pub fn differences(&self, seen: &Sample) -> Vec<String> {
        let mut differences = Vec::new();
        let mut unless = |agrees: bool, what: &str| {
            if !agrees {
                differences.push(what.to_owned());
            }
        };
        unless(!seen.forgets, "an attempt began with less than was committed");
        unless(self.any(|sample| sample.overlaps) || !seen.overlaps, "two bodies ran at once");
        unless(self.any(|sample| sample.ending == seen.ending), "it closed in another way");
        let count = seen.attempts.len();
        let counts = self.samples.iter().map(|sample| sample.attempts.len());
        unless(counts.clone().any(|expected| expected == count), "another number of attempts");
        for (place, attempt) in seen.attempts.iter().enumerate() {
            let number = place + 1;
            let any = |agrees: &dyn Fn(&Attempt) -> bool| {
                self.any(|sample| sample.attempts.get(place).is_none_or(agrees))
            };
            unless(
                any(&|it| it.number == attempt.number),
                &format!("the number of start {number}"),
            );
            unless(any(&|it| it.began == attempt.began), &format!("where start {number} began"));
            unless(any(&|it| it.told == attempt.told), &format!("what start {number} was told"));
            unless(any(&|it| it.end == attempt.end), &format!("how start {number} returned"));
        }
        differences
    }

    fn any(&self, agrees: impl Fn(&Sample) -> bool) -> bool {
        self.samples.iter().any(agrees)
    }

    /// All that is expected, told.
    #[must_use]
    pub fn told(&self) -> String {
        let told: BTreeSet<_> = self.samples.iter().map(ToString::to_string).collect();
        told.into_iter().collect::<Vec<_>>().join("\n     or ")
    }
}
