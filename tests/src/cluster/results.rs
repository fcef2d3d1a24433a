//! What came of a run on a cluster, as it is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Suffered};
use crate::endurance::{Circumstances, Damage, Tally};

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where, and for how long parts of it were killed.
    pub circumstances: Circumstances,
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
