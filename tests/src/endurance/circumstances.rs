//! Where and for how long something went on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compare::results::Place;

/// Where and for how long something went on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// For how long, in minutes; what had begun by then went on to its end.
    pub minutes: u64,
    /// How many cores the machine has.
    pub cores: usize,
    /// How many processes wanted one of them just before, by the system's mean of a minute.
    pub load: f64,
    /// For how long the machine had no time, at most, for somebody who only looked at the clock.
    pub longest_hitch: Duration,
}

impl Circumstances {
    /// On this machine, as it was before.
    #[must_use]
    pub fn new(minutes: u64, before: Place, longest_hitch: Duration) -> Self {
        Self { minutes, cores: before.cores, load: before.load, longest_hitch }
    }

    /// What a table says of the machine.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { cores, load, longest_hitch, .. } = self;
        format!(
            "{cores} cores for all of it, load {load:.1} before it began; the machine stood still for \
             {longest_hitch:.0?} at most."
        )
    }
}
