//! Rule 3: no body is polled after its lease ended.
//!
//! The lease of an attempt begins with it, as far as its worker can know, and each beat of our own
//! lane that is acknowledged extends it to a timeout after that beat was *sent*. The time that one
//! attempt may take ends it, too. A worker cannot know how long an attempt was on its way to it
//! where its clock is behind the server's, or that was more than a tenth of the timeout: by that
//! much a body may be polled after the server started another attempt. Where it was longer by its clock, it
//! asks before it begins.

use std::time::Duration;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, Over, When},
};
use crate::inprocess::{
    Moment,
    history::{Fit, Lane, Rpc, Said},
};

const RULE: &str = "no body is polled after its lease";

/// A timer fires up to a millisecond late, and whoever waits for it runs in the same one.
pub(super) const TICK: Duration = Duration::from_millis(2);

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        let Some(handed) = attempt.handed else { continue };
        within_lease(chronicle, attempt, handed.1, verdict);
        welcome(chronicle, attempt, handed.1, verdict);
        alone(chronicle, attempt, handed.1, verdict);
    }
}

/// When the lease of an attempt ends, as of a step.
pub(super) fn end_of_lease(chronicle: &Chronicle<'_>, attempt: &Attempt, step: usize) -> Moment {
    let timeout = chronicle.schedule.heartbeat_timeout();
    let handed = attempt.handed.unwrap_or(attempt.started).1;
    let mut end = handed + timeout - chronicle.believed();
    let mut renewals: Vec<_> = chronicle
        .calls_of(attempt.token)
        .filter(|call| call.is(Lane::Ours, Rpc::Heartbeat) && call.is_recorded())
        .filter_map(|call| Some((call.heard?.0, call.sent.1)))
        .filter(|(heard, _)| heard.0 < step)
        .collect();
    renewals.sort_unstable();
    for (heard, sent) in renewals {
        if heard.1 <= end + TICK {
            end = end.max(sent + timeout);
        }
    }
    end
}

/// When the time of an attempt is over, as its worker knows it.
pub(super) fn deadline(chronicle: &Chronicle<'_>, attempt: &Attempt) -> Moment {
    let schedule = chronicle.schedule;
    let handed = attempt.handed.unwrap_or(attempt.started).1;
    let whole = schedule.timeouts.schedule_to_close.unwrap_or(Duration::MAX);
    let rest = whole.saturating_sub(attempt.started.1.since_begin());
    handed + schedule.start_to_close().min(rest) - chronicle.believed()
}

fn within_lease(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    handed: Moment,
    verdict: &mut Verdict,
) {
    let deadline = deadline(chronicle, attempt);
    let timeout = chronicle.schedule.heartbeat_timeout();
    let mut renewals: Vec<_> = chronicle
        .calls_of(attempt.token)
        .filter(|call| call.is(Lane::Ours, Rpc::Heartbeat) && call.is_recorded())
        .filter_map(|call| Some((call.heard?.0, call.sent.1)))
        .collect();
    renewals.sort_unstable();
    let mut renewals = renewals.into_iter().peekable();
    let mut end = handed + timeout - chronicle.believed();
    for poll in &attempt.polls {
        while let Some((heard, sent)) = renewals.next_if(|(heard, _)| heard.0 < poll.0) {
            if heard.1 <= end + TICK {
                end = end.max(sent + timeout);
            }
        }
        // Whatever a wrong clock says, an attempt that was just handed over begins.
        if poll.1 > end.min(deadline).max(handed) + TICK {
            let how = format!(
                "{} was polled at {}; its lease ended at {end}, its time at {deadline}",
                attempt.token.0, poll.1
            );
            verdict.broken(RULE, poll.1, how);
            return;
        }
    }
}

/// A worker that cannot know whether an attempt came too late asks first, for an interval at most; but not with
/// what is too large to be sent.
fn welcome(chronicle: &Chronicle<'_>, attempt: &Attempt, handed: Moment, verdict: &mut Verdict) {
    let Some(begun) = attempt.polls.first().filter(|_| chronicle.seems_late()) else { return };
    let began_with = attempt.said.iter().find_map(|(_, said)| match said {
        Said::Began(value) => Some(*value),
        _ => None,
    });
    let is_too_large = |(_, said): &(When, Said)| matches!(said, Said::Saved(value, Fit::TooLarge) if Some(*value) == began_with);
    if chronicle.attempts.values().flat_map(|attempt| &attempt.said).any(is_too_large) {
        return;
    }
    let asked = |call: &&Call| call.is(Lane::Ours, Rpc::Heartbeat);
    let is_welcome = chronicle
        .calls_of(attempt.token)
        .filter(asked)
        .any(|call| call.is_recorded() && call.heard.is_some_and(|(heard, _)| heard.0 < begun.0));
    if !is_welcome && begun.1 < handed + chronicle.schedule.interval() {
        let how = format!("{} began at {} and had not asked", attempt.token.0, begun.1);
        verdict.broken("what may be over asks before it begins", begun.1, how);
    }
}

/// Never are two bodies at work; but for one that nobody can tell from an earlier one of its number, and
/// for one that core failed by itself, while it ran: its next heartbeat is the first to learn of it.
fn alone(chronicle: &Chronicle<'_>, attempt: &Attempt, handed: Moment, verdict: &mut Verdict) {
    let mut later = chronicle.attempts.range(attempt.token..).skip(1);
    let Some((_, next)) = later.next() else { return };
    if matches!(attempt.over, Some((_, Over::SpokenFor))) || is_failed_by_core(chronicle, attempt) {
        return;
    }
    let on_its_way = handed.since(attempt.started.1);
    let unknown = on_its_way.saturating_sub(chronicle.believed());
    let last = attempt.polls.iter().rev().find(|poll| poll.0 > next.started.0);
    if let Some(last) = last.filter(|last| last.1 > next.started.1 + unknown + TICK) {
        let how = format!(
            "{} was polled at {}, after {} had started at {}",
            attempt.token.0, last.1, next.token.0, next.started.1
        );
        verdict.broken("no two bodies at once", last.1, how);
    }
}

/// Whether core failed an attempt whose body went on, for details that it knew to be too large.
fn is_failed_by_core(chronicle: &Chronicle<'_>, attempt: &Attempt) -> bool {
    let Some((over, _)) = attempt.over else { return false };
    let mut calls = chronicle.calls_of(attempt.token);
    !attempt.is_done(over.0)
        && calls.any(|call| {
            let is_it = call.took.is_some_and(|(when, _)| when.0 == over.0);
            is_it && call.called.failure.as_deref() == Some("PayloadsTooLarge")
        })
}
