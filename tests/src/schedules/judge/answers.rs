//! Rule 5: an attempt is answered once, truly, and then left alone.
//!
//! An answer may be sent on both lanes, and again after its answer was lost: always the same one.
//! After core's answer was accepted our lane may still ask, until it learns that it was.

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
        is_one(&calls, verdict);
        is_what_it_returned(attempt, &calls, verdict);
        is_left_alone(attempt, &calls, verdict);
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

fn is_one(calls: &[&Call], verdict: &mut Verdict) {
    let mut answers = calls.iter().filter(|call| call.called.rpc.is_answer());
    let Some(first) = answers.next() else { return };
    // Core makes a failure of a cancellation in a shutdown, so that ours says it first.
    let is_translated = |call: &&&Call| {
        first.called.rpc == Rpc::Cancel
            && call.called.lane == Lane::Sdk
            && call.called.failure.as_deref() == Some("WorkerShutdown")
    };
    // Core fails an attempt by itself for details that it knows to be too large, while nobody else does.
    if first.called.failure.as_deref() == Some("PayloadsTooLarge") {
        return;
    }
    let differs = |call: &&&Call| call.called.rpc != first.called.rpc && !is_translated(call);
    if let Some(other) = answers.find(differs) {
        let how = format!("{:?} after {:?}", other.called, first.called);
        verdict.broken("one answer", other.sent.1, how);
    }
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

fn is_left_alone(attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    const RULE: &str = "nothing is sent after the end";
    let ours = || calls.iter().filter(|call| call.called.lane == Lane::Ours);
    let says_over = |call: &&&Call| match call.heard {
        Some((_, Answer::Refused(Refusal::NotFound))) => true,
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
