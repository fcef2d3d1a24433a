//! Rule 5: an attempt is answered once, truly, and then left alone.
//!
//! An answer may be sent on both lanes, and again after its answer was lost: always the same one.
//! After core's answer was accepted our lane may still ask, until it learns that it was.

use autobeat::CancelReason;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, Over, When},
    lease::TICK,
};
use crate::inprocess::{
    activity::Refusal,
    history::{Answer, End, Lane, Order, Rpc, Said},
};

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        let calls: Vec<_> = chronicle.calls_of(attempt.token).collect();
        is_requested(chronicle, attempt, &calls, verdict);
        is_one(chronicle, attempt, &calls, verdict);
        is_what_it_returned(attempt, &calls, verdict);
        is_as_requested(chronicle, attempt, &calls, verdict);
        is_left_alone(attempt, &calls, verdict);
        is_not_repeated(chronicle, attempt, &calls, verdict);
    }
}

/// `Cancelled` is answered only where it was requested.
fn is_requested(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    calls: &[&Call],
    verdict: &mut Verdict,
) {
    let told_by_size = matches!(attempt.over, Some((_, Over::TooLarge)));
    let requests = chronicle.orders.iter().filter(|(_, order)| *order == Order::Cancel);
    let first = requests.map(|(when, _)| when.0).min();
    for call in calls.iter().filter(|call| call.called.rpc == Rpc::Cancel) {
        if !told_by_size && first.is_none_or(|first| first > call.sent.0) {
            let how = format!("nobody had asked: {:?}", call.called);
            verdict.broken("cancelled only where requested", call.sent.1, how);
        }
    }
}

fn is_one(chronicle: &Chronicle<'_>, attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    let mut answers = calls.iter().filter(|call| call.called.rpc.is_answer());
    let Some(first) = answers.next() else { return };
    // Core fails an attempt by itself for details that it knows to be too large, while nobody else does.
    if first.called.failure.as_deref() == Some("PayloadsTooLarge") {
        return;
    }
    // Ours is said before the one that core makes of it, or after it, where core was left to say it.
    let is_translated = |call: &Call| {
        first.called.rpc == Rpc::Cancel && is_of_core(call)
            || call.called.rpc == Rpc::Cancel
                && is_of_core(first)
                && is_left_to_core(chronicle, attempt)
    };
    let differs = |call: &&&Call| call.called.rpc != first.called.rpc && !is_translated(call);
    if let Some(other) = answers.find(differs) {
        let how = format!("{:?} after {:?}", other.called, first.called);
        verdict.broken("one answer", other.sent.1, how);
    }
}

/// What core makes of a cancellation in a shutdown.
fn is_of_core(call: &Call) -> bool {
    call.called.lane == Lane::Sdk && call.called.failure.as_deref() == Some("WorkerShutdown")
}

/// Whether a cancellation was left to core in a shutdown: a report of its own could have been told of it.
fn is_left_to_core(chronicle: &Chronicle<'_>, attempt: &Attempt) -> bool {
    let fired = chronicle.lives.iter().filter_map(|life| {
        let (since, grace) = life.shutting_down?;
        Some(since.1 + grace?)
    });
    let mut reports =
        chronicle.calls_of(attempt.token).filter(|call| call.is(Lane::Sdk, Rpc::Heartbeat));
    fired.into_iter().any(|fired| {
        reports.any(|call| {
            let settling = chronicle.settling_as_measured(attempt, call.sent.0);
            call.sent.1 <= fired && fired.since(call.sent.1) <= settling + TICK
        })
    })
}

/// A value that a body returned completes the activity, and an error of its own fails the attempt, whatever
/// it was told.
fn is_what_it_returned(attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    let expected = match attempt.returned {
        Some((_, End::Completes)) => Rpc::Complete,
        Some((_, End::Fails | End::FailsForGood | End::Panics)) => Rpc::Fail,
        _ => return,
    };
    // Core answers by itself for details that are too large, and for an attempt that it gave up.
    let by_core = |call: &&&Call| call.called.failure.as_deref() == Some("PayloadsTooLarge");
    let mut answers = calls.iter().filter(|call| call.called.rpc.is_answer());
    if let Some(other) = answers.find(|call| call.called.rpc != expected && !by_core(call)) {
        let how = format!("{:?}, but {:?}", attempt.returned, other.called);
        verdict.broken("what a body returned is its answer", other.sent.1, how);
    }
}

/// A body that stopped, and whose attempt had heard of a request to cancel, was cancelled.
fn is_as_requested(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    calls: &[&Call],
    verdict: &mut Verdict,
) {
    let Some((returned, End::Stops)) = attempt.returned else { return };
    let yields = |(_, said): &(When, Said)| match said {
        Said::Cancelled(reason) => matches!(
            reason,
            CancelReason::Requested
                | CancelReason::Paused
                | CancelReason::Reset
                | CancelReason::WorkerShutdown
                | CancelReason::Stalled
        ),
        _ => true,
    };
    let is_request = |call: &&Call| match call.heard {
        Some((heard, Answer::Recorded(flags))) => {
            flags.cancel_requested && call.called.lane == Lane::Ours && heard.1 + TICK < returned.1
        }
        _ => false,
    };
    if !calls.iter().copied().any(|call| is_request(&call)) || !attempt.said.iter().all(yields) {
        return;
    }
    let is_other = |call: &&&Call| {
        let by_core = call.called.failure.as_deref() == Some("PayloadsTooLarge")
            || is_of_core(call) && is_left_to_core(chronicle, attempt);
        call.called.rpc.is_answer() && call.called.rpc != Rpc::Cancel && !by_core
    };
    let mut answered = calls.iter().take_while(|call| call.called.rpc != Rpc::Cancel);
    if let Some(other) = answered.find(is_other) {
        let how = format!("the request was heard before {}: {:?}", returned.1, other.called);
        verdict.broken("a request to cancel is answered as one", other.sent.1, how);
    }
}

/// Whether what is not found by its token is there by its names: a reset gave it another number.
fn is_renumbered(attempt: &Attempt, when: When) -> bool {
    attempt.forgotten.is_some_and(|forgotten| forgotten.0 < when.0)
        && attempt.over.is_none_or(|(over, _)| over.0 > when.0)
}

fn is_left_alone(attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    const RULE: &str = "nothing is sent after the end";
    let ours = || calls.iter().filter(|call| call.called.lane == Lane::Ours);
    let says_over = |call: &&&Call| match call.heard {
        Some((when, Answer::Refused(Refusal::NotFound))) => !is_renumbered(attempt, when),
        Some((_, Answer::Done)) => call.called.rpc.is_answer(),
        _ => false,
    };
    // What is heard in the instant in which the body ends, nobody may have listened to.
    let dropped = attempt.said.iter().find(|(_, said)| *said == Said::Dropped);
    let ended = attempt.returned.map(|(when, _)| when.1).or(dropped.map(|(when, _)| when.1));
    let in_that_instant = |when: &When| {
        ended.is_some_and(|ended| when.1.since(ended) <= TICK && ended.since(when.1) <= TICK)
    };
    let heard = ours().filter(says_over).filter_map(|call| call.heard).map(|(when, _)| when);
    let mut known: Vec<_> = heard.filter(|when| !in_that_instant(when)).collect();
    known.sort_unstable();
    // Nor, once, to what is heard in the instant in which its try ends and the next call goes out.
    let next_goes = |when: &When| ours().any(|call| call.sent.1 == when.1 && call.sent.0 > when.0);
    let known = known.iter().copied().enumerate().find(|(n, when)| *n > 0 || !next_goes(when));
    if let Some((_, known)) = known
        && let Some(late) = ours().find(|call| call.sent.1.since(known.1) > TICK)
    {
        let how = format!("known since {}: {:?}", known.1, late.called);
        verdict.broken(RULE, late.sent.1, how);
    }
}

/// Once the server said that it knows an attempt no more, its answer is not said again; but for what is
/// heard in the instant in which the time for asking ends, or that of one try, which another one of its kind
/// follows at once.
fn is_not_repeated(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    calls: &[&Call],
    verdict: &mut Verdict,
) {
    let Some((returned, _)) = attempt.returned else { return };
    let end = returned.1 + chronicle.schedule.heartbeat_timeout();
    let ours = || calls.iter().filter(|call| call.called.lane == Lane::Ours);
    let is_followed = |asked: &Call, when: &When| {
        ours().any(|call| {
            let is_alike = call.called.rpc.is_answer() == asked.called.rpc.is_answer();
            is_alike && call.sent.1 == when.1 && call.sent.0 > when.0
        })
    };
    let told = ours().filter(|call| call.sent.0 > returned.0).find_map(|call| match call.heard {
        Some((heard, Answer::Refused(Refusal::NotFound)))
            if heard.1 < end && !is_renumbered(attempt, heard) && !is_followed(call, &heard) =>
        {
            Some(heard)
        }
        _ => None,
    });
    let Some(told) = told else { return };
    if let Some(again) = ours().find(|call| call.called.rpc.is_answer() && call.sent.0 > told.0) {
        let how = format!("known since {}: {:?}", told.1, again.called);
        verdict.broken("an answer that the server has is not said again", again.sent.1, how);
    }
}
