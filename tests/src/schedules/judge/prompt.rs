//! Rule 1, continued: on a healthy network a commit keeps its body waiting no longer than it must.
//!
//! It waits until nothing older can land after it, which takes the settling time of a report or of a
//! beat that was given up; then its own beat goes there and back.

use super::{
    Verdict,
    chronicle::{Attempt, Chronicle, When},
    lease::TICK,
    trouble::Trouble,
};
use crate::inprocess::history::Said;

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        let trouble = Trouble::of(chronicle, attempt);
        let mut asked = None;
        for (when, said) in &attempt.said {
            match (said, asked.take()) {
                (Said::Commits(_), _) => asked = Some(*when),
                (Said::Committed(value), Some(asked)) => {
                    returns_in_time(chronicle, attempt, &trouble, (*value, asked, *when), verdict);
                }
                _ => {}
            }
        }
    }
}

fn returns_in_time(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    trouble: &Trouble,
    (value, asked, committed): (u64, When, When),
    verdict: &mut Verdict,
) {
    let is_healthy = trouble.between(attempt.started.1, committed.1).0 == 0
        && trouble.reports_between(attempt.started.1, committed.1) == 0;
    let bound = chronicle.settling() + chronicle.schedule.round_trip() * 2 + TICK;
    let took = committed.1.since(asked.1);
    if is_healthy && took > bound {
        let how = format!("{value} was acknowledged after {took:?}, and not {bound:?}");
        verdict.broken("a commit is not kept waiting", committed.1, how);
    }
}
