//! The invariants: what a history must be like, whatever the schedule.
//!
//! Each of them looks at every step, in order. Where a promise ends is said at the rule, and what
//! lies beyond is counted, so that a run shows it was there.

mod answers;
mod chronicle;
mod commits;
mod economy;
mod failures;
mod lease;
mod prompt;
mod rare;
mod reasons;
mod survival;
mod trouble;

use std::{collections::BTreeMap, fmt};

use self::chronicle::Chronicle;
use super::{run::Ran, schedule::Schedule};
use crate::inprocess::{
    Moment,
    history::{What, WorkerStep},
};

pub use self::rare::STATES;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// When.
    pub at: Moment,
    /// How.
    pub how: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}: {}", self.rule, self.at, self.how)
    }
}

/// What is said of one history.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was broken.
    pub violations: Vec<Violation>,
    /// How often each rare state was there.
    pub seen: BTreeMap<&'static str, u64>,
}

impl Verdict {
    fn broken(&mut self, rule: &'static str, at: Moment, how: impl Into<String>) {
        self.violations.push(Violation { rule, at, how: how.into() });
    }

    fn saw(&mut self, state: &'static str) {
        debug_assert!(STATES.contains(&state), "{state} is in the list");
        *self.seen.entry(state).or_default() += 1;
    }
}

/// Judges what came of a schedule.
#[must_use]
pub fn judge(schedule: &Schedule, ran: &Ran) -> Verdict {
    let chronicle = Chronicle::of(schedule, &ran.history);
    let mut verdict = Verdict::default();
    commits::judge(&chronicle, &mut verdict);
    prompt::judge(&chronicle, &mut verdict);
    failures::judge(&chronicle, &mut verdict);
    lease::judge(&chronicle, &mut verdict);
    survival::judge(&chronicle, &mut verdict);
    answers::judge(&chronicle, &mut verdict);
    reasons::judge(&chronicle, &mut verdict);
    economy::judge(&chronicle, ran, &mut verdict);
    ends(ran, &mut verdict);
    rare::count(&chronicle, &mut verdict);
    verdict.violations.sort_by_key(|violation| violation.at);
    verdict
}

/// When the trouble is over, the activity ends, and so does its worker; nothing is left of it.
fn ends(ran: &Ran, verdict: &mut Verdict) {
    let end = Moment::after(ran.took);
    if ran.history.iter().any(|event| matches!(event.what, What::Worker(WorkerStep::Stuck))) {
        verdict.broken("time passes", end, "a task of the worker never waits");
    }
    if ran.closed.is_none() {
        verdict.broken("the activity ends", end, "it did not");
    }
    if !ran.has_shut_down {
        verdict.broken("the worker ends", end, "it did not shut down");
    }
    if ran.left_in_memory != (0, 0) {
        let (states, bodies) = ran.left_in_memory;
        verdict.broken("memory comes back", end, format!("{states} states, {bodies} bodies left"));
    }
}
