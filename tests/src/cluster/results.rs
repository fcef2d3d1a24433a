//! What came of a run on a cluster, as it is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Suffered};
use crate::endurance::{Damage, Tally};

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// For how long parts of it were killed, in minutes.
    pub minutes: u64,
    /// How many cores the machine has.
    pub cores: usize,
    /// How many processes wanted one of them just before, by the system's mean of a minute.
    pub load: f64,
    /// For how long the machine had no time, at most, for somebody who only looked at the clock.
    pub longest_hitch: Duration,
    /// What was killed, in order.
    pub faults: Vec<Suffered>,
    /// What became of the activities of each kind.
    pub kinds: Vec<Tally>,
}

impl Results {
    /// What the faults of a title did to the activities of a kind: what began again after one of them, and
    /// before the next fault.
    #[must_use]
    pub fn damage(&self, title: &str, kind: &Tally) -> Damage {
        kind.damage(|at| self.last_before(at).is_some_and(|fault| fault.title() == title))
    }

    fn last_before(&self, moment: Duration) -> Option<Fault> {
        self.faults.iter().rev().find(|suffered| suffered.at <= moment).map(|found| found.fault)
    }

    /// What must not be.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        self.kinds.iter().flat_map(|kind| kind.broken.clone()).collect()
    }
}
