//! Rule 2, continued: a failure leaves the newest checkpoint for the next attempt.
//!
//! That is the value that was saved last, where it can be sent; where it cannot, at least what was
//! acknowledged last. Core's own failure, for details that it knows to be too large, carries none: a
//! write that was out of its bound may then stand there.

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle},
    commits::stands_overtaken,
};
use crate::inprocess::{
    activity::Change,
    history::{Fit, Lane, Order, Rpc, Said, What},
};

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for (step, event) in chronicle.events.iter().enumerate() {
        let What::Took { call, change: Some(Change::Retried { .. }), .. } = &event.what else {
            continue;
        };
        let call = chronicle.calls.get(call).filter(|call| call.called.rpc == Rpc::Fail);
        let Some(call) = call else { continue };
        let attempt = call.called.token.and_then(|token| chronicle.attempts.get(&token));
        let Some(attempt) = attempt.filter(|attempt| !forgets(chronicle, attempt, step)) else {
            continue;
        };
        let is_cores = call.called.failure.as_deref() == Some("PayloadsTooLarge");
        if is_cores && stands_overtaken(chronicle, attempt.token, step) {
            continue;
        }
        let (held, expected) = (event.held.unwrap_or_default(), expected(chronicle, attempt, call));
        if held < expected {
            let how =
                format!("{} leaves {held}, not {expected}: {:?}", attempt.token.0, call.called);
            verdict.broken("a failure leaves the newest checkpoint", event.at, how);
        }
    }
}

/// Whether somebody wanted the details gone.
fn forgets(chronicle: &Chronicle<'_>, attempt: &Attempt, step: usize) -> bool {
    chronicle.orders.iter().any(|(when, order)| {
        *order == Order::Reset { heartbeats: true } && attempt.started.0 < when.0 && when.0 < step
    })
}

/// The value that a failure must leave.
fn expected(chronicle: &Chronicle<'_>, attempt: &Attempt, failure: &Call) -> u64 {
    let mut last = (0, Fit::Fits);
    for (when, said) in &attempt.said {
        match said {
            _ if when.0 > failure.sent.0 => break,
            Said::Saved(value, fit) => last = (*value, *fit),
            Said::Commits(value) => last = (*value, Fit::Fits),
            _ => {}
        }
    }
    if last.1 == Fit::Fits {
        return last.0;
    }
    let beats = chronicle.calls_of(attempt.token).filter(|call| {
        let heard = call.heard.is_some_and(|(when, _)| when.0 < failure.sent.0);
        call.is(Lane::Ours, Rpc::Heartbeat) && call.is_recorded() && heard
    });
    beats.filter_map(|call| call.called.value).max().unwrap_or_default()
}
