//! Rule 4: trouble that is short enough costs no attempt, and a give-up by the SDK no result.
//!
//! One span of trouble is short enough below the timeout less what lies between two beats of our own
//! lane, and a round trip; to it belongs the pause after what it swallowed last. Reports of the SDK that
//! are lost cost nothing, however many: one stands for a beat of ours only where the next one comes in
//! time. Of several spans within one timeout, or of longer ones, nothing is promised but this: an attempt
//! lives where a try fits between the end of the last one and the end of its lease. A body that returned while the server
//! knew its attempt has its value or its error there within a beat and a retry of a network that is
//! healthy.

use std::time::Duration;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, Over, When},
    lease::{TICK, end_of_lease},
    trouble::{Trouble, left_at_last, retry, survivable},
};
use crate::{
    inprocess::{
        activity::Timeout,
        history::{End, Lane, Said},
    },
    schedules::judge::Moment,
};
use autobeat::CancelReason;

const LIVES: &str = "an attempt survives short trouble";
const KEEPS: &str = "no result is lost or late";

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values().filter(|attempt| attempt.handed.is_some()) {
        if is_short(chronicle, attempt) {
            continue;
        }
        let trouble = Trouble::of(chronicle, attempt);
        if let Some((when, Over::TimedOut(Timeout::Heartbeat))) = attempt.over {
            survives(chronicle, attempt, &trouble, when, "timed out by the server", verdict);
        }
        for (when, said) in &attempt.said {
            if *said == Said::Cancelled(CancelReason::LeaseLost) {
                survives(chronicle, attempt, &trouble, *when, "told that it is lost", verdict);
            }
        }
        if let Some((when, End::Completes | End::Fails | End::FailsForGood)) = attempt.returned {
            keeps(chronicle, attempt, &trouble, when, verdict);
        }
    }
}

/// An attempt that ends before its first beat is left to the SDK: it costs no request.
fn is_short(chronicle: &Chronicle<'_>, attempt: &Attempt) -> bool {
    let returned = attempt.returned.map_or(usize::MAX, |(when, _)| when.0);
    let ours = |call: &Call| call.called.lane == Lane::Ours && call.sent.0 < returned;
    returned < usize::MAX && !chronicle.calls_of(attempt.token).any(ours)
}

fn survives(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    trouble: &Trouble,
    when: When,
    what: &str,
    verdict: &mut Verdict,
) {
    let gone = attempt.worker_gone.is_some_and(|gone| gone.0 < when.0);
    if gone || attempt.forgotten.is_some() {
        return;
    }
    let timeout = chronicle.schedule.heartbeat_timeout();
    // A timeout after its body has ended, nobody speaks for an attempt any more.
    let ended = ended(attempt).filter(|ended| ended.0 < when.0);
    if ended.is_some_and(|ended| when.1.since(ended.1) >= timeout) {
        return;
    }
    let (count, length) = trouble.between(when.1 - timeout, when.1);
    let reports = trouble.reports_between(when.1 - timeout, when.1);
    let is_short = match reports {
        // Where nothing went wrong, nothing may, however long the interval.
        0 => count == 0 || count == 1 && length < survivable(chronicle, ended.is_some()),
        _ => count == 0,
    };
    if is_short {
        let how = format!("{} was {what} after {length:?} of trouble", attempt.token.0);
        verdict.broken(LIVES, when.1, how);
    }
    let end = end_of_lease(chronicle, attempt, when.0).min(when.1);
    let healthy = end.since(trouble.none_hit_since(end));
    if healthy >= left_at_last(chronicle, attempt, when, ended.is_some()) {
        let how =
            format!("{} was {what} though its last {healthy:?} had no trouble", attempt.token.0);
        verdict.broken(LIVES, when.1, how);
    }
}

/// When its body was over, one way or another.
fn ended(attempt: &Attempt) -> Option<When> {
    let dropped = attempt.said.iter().find(|(_, said)| *said == Said::Dropped);
    attempt.returned.map(|(when, _)| when).or(dropped.map(|(when, _)| *when))
}

fn keeps(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    trouble: &Trouble,
    returned: When,
    verdict: &mut Verdict,
) {
    if attempt.over.is_some_and(|(when, _)| when.0 < returned.0) || attempt.forgotten.is_some() {
        return;
    }
    let end_of_worker = attempt.worker_gone.map(|when| when.1);
    let over = attempt.over.map(|(when, _)| when.1);
    let end = [over, end_of_worker].into_iter().flatten().min();
    let end = end.unwrap_or_else(|| last_moment(chronicle));
    let since = trouble.none_since(end).max(returned.1);
    // A timeout after its body has ended, nobody speaks for an attempt any more.
    if since.since(returned.1) + retry(chronicle) >= chronicle.schedule.heartbeat_timeout() {
        return;
    }
    let healthy = end.since(since);
    let accepted = matches!(attempt.over, Some((_, Over::Answered(_))));
    if healthy > patience(chronicle, attempt, returned) + TICK {
        let how = if accepted { "came late" } else { "was lost" };
        let how = format!(
            "the result of {} {how}: returned at {}, healthy for {healthy:?} until {end}",
            attempt.token.0, returned.1
        );
        verdict.broken(KEEPS, end, how);
    }
}

/// How long a result may take on a healthy network: what is lost is waited for as long as was measured.
fn patience(chronicle: &Chronicle<'_>, attempt: &Attempt, returned: When) -> Duration {
    let schedule = chronicle.schedule;
    let retry = retry(chronicle).max(chronicle.settling_as_measured(attempt, returned.0));
    schedule.interval() + retry + schedule.round_trip() * 2 + Duration::from_secs(1)
}

fn last_moment(chronicle: &Chronicle<'_>) -> Moment {
    chronicle.events.last().map(|event| event.at).unwrap_or_default()
}
