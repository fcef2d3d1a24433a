//! Rule 5, continued: the reason that a body is told is true.

use std::time::Duration;

use autobeat::CancelReason;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, Over, When},
    lease::{TICK, deadline, end_of_lease},
};
use crate::inprocess::{
    activity::Refusal,
    history::{Answer, Fit, Lane, Order, Rpc, Said},
    network::Loss,
};

/// How long past the timeout the SDK waits for its own lane.
const PAST_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        for (when, said) in &attempt.said {
            let Said::Cancelled(reason) = said else { continue };
            if !is_true(chronicle, attempt, *reason, *when) {
                let how = format!("{} was told {reason:?}", attempt.token.0);
                verdict.broken("the reason is true", when.1, how);
            }
        }
    }
}

fn is_true(chronicle: &Chronicle<'_>, attempt: &Attempt, reason: CancelReason, when: When) -> bool {
    let ordered = |wanted: fn(&Order) -> bool| {
        let during = |at: When| attempt.started.0 < at.0 && at.0 < when.0;
        chronicle.orders.iter().any(|(at, order)| during(*at) && wanted(order))
    };
    let over = attempt.over.filter(|(at, _)| at.0 < when.0);
    match reason {
        CancelReason::Requested => {
            ordered(|order| *order == Order::Cancel) || matches!(over, Some((_, Over::TooLarge)))
        }
        CancelReason::Paused => ordered(|order| *order == Order::Pause),
        CancelReason::Reset => ordered(|order| matches!(order, Order::Reset { .. })),
        CancelReason::NotFound => {
            over.is_some() || attempt.forgotten.is_some_and(|at| at.0 < when.0)
        }
        CancelReason::LeaseLost => when.1 + TICK >= end_of_lease(chronicle, attempt, when.0),
        CancelReason::DeadlineExceeded => when.1 + TICK >= deadline(chronicle, attempt),
        CancelReason::WorkerShutdown => {
            is_shutting_down(chronicle, when) || is_unspoken(chronicle, attempt, when)
        }
        CancelReason::Stalled => is_stalled(chronicle, attempt, when),
        CancelReason::CheckpointTooLarge => saved(attempt, Fit::TooLarge, when),
        _ => saved(attempt, Fit::Unserialisable, when),
    }
}

fn is_shutting_down(chronicle: &Chronicle<'_>, when: When) -> bool {
    let life = chronicle.lives.iter().rev().find(|life| life.began.0 < when.0);
    life.and_then(|life| life.shutting_down).is_some_and(|(since, grace)| {
        grace.is_some_and(|grace| since.0 < when.0 && when.1 + TICK >= since.1 + grace)
    })
}

/// The SDK's token says nothing but that it fired: what its own report was told may be undone before
/// ours asks, or nobody answers ours.
fn is_unspoken(chronicle: &Chronicle<'_>, attempt: &Attempt, when: When) -> bool {
    let told = chronicle.calls_of(attempt.token).find_map(|call| match call.heard {
        Some((heard, answer)) if call.is(Lane::Sdk, Rpc::Heartbeat) && heard.0 < when.0 => {
            let is_told = match answer {
                Answer::Recorded(flags) => flags.cancel_requested || flags.paused || flags.reset,
                answer => answer == Answer::Refused(Refusal::NotFound),
            };
            is_told.then_some(heard)
        }
        _ => None,
    });
    let Some(told) = told else { return gave_up_slowly(chronicle, attempt, when) };
    let undone = |order: &Order| matches!(order, Order::Unpause);
    let is_undone = chronicle.orders.iter().any(|(at, order)| at.0 < when.0 && undone(order));
    let ours = |call: &&Call| call.is(Lane::Ours, Rpc::Heartbeat) && call.sent.0 > told.0;
    let mut asked = chronicle.calls_of(attempt.token).filter(ours).peekable();
    let is_asked = asked.peek().is_some_and(|call| call.sent.0 < when.0);
    let is_answered =
        asked.any(|call| call.is_heard() && call.heard.is_some_and(|(heard, _)| heard.0 < when.0));
    is_undone || is_asked && !is_answered
}

/// That the SDK gave up can be told from a shutdown only where its reports took no longer than ours do.
fn gave_up_slowly(chronicle: &Chronicle<'_>, attempt: &Attempt, when: When) -> bool {
    let patience = chronicle.schedule.heartbeat_timeout() + PAST_TIMEOUT;
    let began = attempt.handed.unwrap_or(attempt.started).1;
    let latency = chronicle.schedule.latency;
    let is_slow = |call: &Call| {
        let fate = call.called.fate;
        fate.loss != Loss::Nothing || fate.before > latency || fate.after > latency
    };
    let mut reports =
        chronicle.calls_of(attempt.token).filter(|call| call.is(Lane::Sdk, Rpc::Heartbeat));
    when.1.since(began) + TICK >= patience
        && reports.any(|call| call.sent.0 < when.0 && is_slow(call))
}

fn is_stalled(chronicle: &Chronicle<'_>, attempt: &Attempt, when: When) -> bool {
    let Some(stall_timeout) = chronicle.schedule.variant.stall_timeout else { return false };
    let moves = attempt.said.iter().filter(|(at, said)| {
        let moves = matches!(said, Said::Saved(..) | Said::Touched | Said::Commits(_));
        moves && at.0 < when.0
    });
    let mut since = attempt.handed.unwrap_or(attempt.started).1;
    // It may have moved again by the time that it was told.
    for moment in moves.map(|(at, _)| at.1).chain([when.1]) {
        if moment.since(since) + TICK >= stall_timeout {
            return true;
        }
        since = moment;
    }
    false
}

fn saved(attempt: &Attempt, wanted: Fit, when: When) -> bool {
    attempt
        .said
        .iter()
        .any(|(at, said)| at.0 < when.0 && matches!(said, Said::Saved(_, fit) if *fit == wanted))
}
