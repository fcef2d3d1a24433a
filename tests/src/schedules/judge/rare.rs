//! The rare states: counted, so that a run shows that each of them was there.

use autobeat::CancelReason;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, Life, Over, When},
};
use crate::inprocess::{
    activity::Timeout,
    history::{Answer, End, Fit, Lane, Order, Rpc, Said, What},
    network::Loss,
};

/// The names of all rare states.
pub const STATES: [&str; 41] = [
    "SDK gave the attempt up",
    "result after the SDK gave up",
    "SDK report swallowed",
    "SDK report delayed past its settling",
    "commit during an unsettled SDK report",
    "commit overtaken",
    "overtaken commit healed",
    "next attempt from an overtaken commit",
    "commit acknowledged",
    "calls of one lane overtake each other",
    "calls of both lanes overtake each other",
    "answer lost",
    "answer repeated",
    "answer on our lane",
    "poll's answer lost",
    "crash between commit and next beat",
    "crash with an attempt",
    "shutdown with an attempt",
    "shutdown during an outage",
    "pause and unpause unnoticed",
    "cancel after pause",
    "reset forgot the attempt",
    "an earlier attempt of its number spoke for it",
    "told Requested",
    "told Paused",
    "told Reset",
    "told NotFound",
    "dropped as LeaseLost",
    "dropped as DeadlineExceeded",
    "told Stalled",
    "told WorkerShutdown",
    "told of a bad checkpoint",
    "body completed although told",
    "body panicked",
    "body dropped",
    "saved something too large or unserialisable",
    "heartbeat refused for load",
    "namespace refused for load",
    "timed out: schedule to start or close",
    "timed out: start to close",
    "timed out: heartbeat",
];

pub(super) fn count(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        let calls: Vec<_> = chronicle.calls_of(attempt.token).collect();
        calls_of_an_attempt(chronicle, &calls, verdict);
        commits(chronicle, attempt, &calls, verdict);
        body(attempt, verdict);
        overs(attempt, verdict);
        orders(chronicle, attempt, &calls, verdict);
        give_up(chronicle, attempt, &calls, verdict);
    }
    for call in chronicle.calls.values() {
        others(call, verdict);
    }
    for event in chronicle.events {
        if let What::TimedOut(Timeout::ScheduleToStart | Timeout::ScheduleToClose, _) = event.what {
            verdict.saw("timed out: schedule to start or close");
        }
    }
    for life in &chronicle.lives {
        lives(chronicle, *life, verdict);
    }
}

fn calls_of_an_attempt(chronicle: &Chronicle<'_>, calls: &[&Call], verdict: &mut Verdict) {
    let reports = || calls.iter().filter(|call| call.is(Lane::Sdk, Rpc::Heartbeat));
    for report in reports() {
        if report.called.fate.loss == Loss::Swallowed {
            verdict.saw("SDK report swallowed");
        }
        let age = report.took.map(|(when, _)| when.1.since(report.sent.1));
        if age.is_some_and(|age| age > chronicle.settling()) {
            verdict.saw("SDK report delayed past its settling");
        }
    }
    let answers: Vec<_> = calls.iter().filter(|call| call.called.rpc.is_answer()).collect();
    if answers.len() > 1 {
        verdict.saw("answer repeated");
    }
    // Such a body is not polled any more, so that it cannot be told.
    match answers.first().and_then(|answer| answer.called.failure.as_deref()) {
        Some("LeaseLost") => verdict.saw("dropped as LeaseLost"),
        Some("DeadlineExceeded") => verdict.saw("dropped as DeadlineExceeded"),
        _ => {}
    }
    for answer in &answers {
        if answer.called.fate.loss == Loss::AnswerLost && answer.took.is_some() {
            verdict.saw("answer lost");
        }
        if answer.called.lane == Lane::Ours {
            verdict.saw("answer on our lane");
        }
    }
    overtaking(calls, verdict);
}

fn overtaking(calls: &[&Call], verdict: &mut Verdict) {
    let mut taken: Vec<_> =
        calls.iter().filter_map(|call| Some((call.took?.0, call.sent, call.called.lane))).collect();
    taken.sort_unstable_by_key(|(took, ..)| *took);
    for pair in taken.windows(2) {
        let [(_, first, lane), (_, second, other)] = pair else { continue };
        if first.0 > second.0 {
            verdict.saw(if lane == other {
                "calls of one lane overtake each other"
            } else {
                "calls of both lanes overtake each other"
            });
        }
    }
}

fn commits(chronicle: &Chronicle<'_>, attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    let settling = chronicle.settling();
    for (when, said) in &attempt.said {
        match said {
            Said::Commits(_) => {
                let unsettled = calls.iter().any(|call| {
                    let sent = call.sent.0 < when.0 && when.1.since(call.sent.1) < settling;
                    call.is(Lane::Sdk, Rpc::Heartbeat) && sent
                });
                if unsettled {
                    verdict.saw("commit during an unsettled SDK report");
                }
            }
            Said::Committed(_) => {
                verdict.saw("commit acknowledged");
                let beat = calls
                    .iter()
                    .any(|call| call.is(Lane::Ours, Rpc::Heartbeat) && call.sent.0 > when.0);
                let crashed = attempt.worker_gone.is_some_and(|gone| !attempt.is_done(gone.0));
                if crashed && !beat {
                    verdict.saw("crash between commit and next beat");
                }
            }
            _ => {}
        }
    }
}

fn body(attempt: &Attempt, verdict: &mut Verdict) {
    let mut told = false;
    for (when, said) in &attempt.said {
        match said {
            Said::Cancelled(reason) if !told => {
                told = true;
                verdict.saw(told_of(*reason));
            }
            Said::Returned(End::Completes) if told => verdict.saw("body completed although told"),
            Said::Returned(End::Panics) => verdict.saw("body panicked"),
            Said::Dropped if attempt.worker_gone.is_none_or(|gone| gone.0 > when.0) => {
                verdict.saw("body dropped");
            }
            Said::Saved(_, Fit::TooLarge | Fit::Unserialisable) => {
                verdict.saw("saved something too large or unserialisable");
            }
            _ => {}
        }
    }
}

fn told_of(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Requested => "told Requested",
        CancelReason::Paused => "told Paused",
        CancelReason::Reset => "told Reset",
        CancelReason::NotFound => "told NotFound",
        CancelReason::Stalled => "told Stalled",
        CancelReason::WorkerShutdown => "told WorkerShutdown",
        _ => "told of a bad checkpoint",
    }
}

fn overs(attempt: &Attempt, verdict: &mut Verdict) {
    match attempt.over {
        Some((_, Over::TimedOut(Timeout::StartToClose))) => {
            verdict.saw("timed out: start to close");
        }
        Some((_, Over::TimedOut(Timeout::Heartbeat))) => verdict.saw("timed out: heartbeat"),
        Some((_, Over::SpokenFor)) => verdict.saw("an earlier attempt of its number spoke for it"),
        _ => {}
    }
}

fn orders(chronicle: &Chronicle<'_>, attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    let end = attempt.over.map_or(usize::MAX, |(when, _)| when.0);
    let during = |when: &When| attempt.started.0 < when.0 && when.0 < end;
    let orders: Vec<_> = chronicle.orders.iter().filter(|(when, _)| during(when)).collect();
    let first = |wanted| orders.iter().find(|(_, order)| *order == wanted).map(|(when, _)| *when);
    if let (Some(paused), Some(unpaused)) = (first(Order::Pause), first(Order::Unpause)) {
        let noticed = calls.iter().any(|call| match call.took {
            Some((_, Answer::Recorded(flags))) => flags.paused,
            _ => false,
        });
        if paused.0 < unpaused.0 && !noticed {
            verdict.saw("pause and unpause unnoticed");
        }
    }
    if let (Some(paused), Some(cancelled)) = (first(Order::Pause), first(Order::Cancel))
        && paused.0 < cancelled.0
    {
        verdict.saw("cancel after pause");
    }
    if attempt.forgotten.is_some() {
        verdict.saw("reset forgot the attempt");
    }
}

/// Core's local timer: it begins anew when a report of its lane has finished, well or badly.
fn give_up(chronicle: &Chronicle<'_>, attempt: &Attempt, calls: &[&Call], verdict: &mut Verdict) {
    let Some(handed) = attempt.handed else { return };
    let patience = chronicle.schedule.heartbeat_timeout() + std::time::Duration::from_secs(5);
    let reports = calls.iter().filter(|call| call.is(Lane::Sdk, Rpc::Heartbeat));
    let mut finished: Vec<_> = reports
        .filter_map(|call| call.heard.map(|(when, _)| when).or(call.left))
        .map(|when| when.1)
        .collect();
    finished.sort_unstable();
    let returned = attempt.returned.map(|(when, _)| when.1);
    let gone = attempt.worker_gone.map(|when| when.1);
    let Some(end) = returned.into_iter().chain(gone).min() else { return };
    let mut since = handed.1;
    for moment in finished.into_iter().filter(|moment| *moment < end).chain([end]) {
        if moment.since(since) > patience {
            verdict.saw("SDK gave the attempt up");
            if matches!(attempt.returned, Some((_, End::Completes))) {
                verdict.saw("result after the SDK gave up");
            }
            return;
        }
        since = moment;
    }
}

fn others(call: &Call, verdict: &mut Verdict) {
    let exhausted = call.called.fate.loss == Loss::Exhausted;
    match call.called.rpc {
        Rpc::Heartbeat if exhausted => verdict.saw("heartbeat refused for load"),
        Rpc::DescribeNamespace if exhausted => verdict.saw("namespace refused for load"),
        Rpc::Poll if call.called.fate.loss == Loss::AnswerLost => {
            if matches!(call.took, Some((_, Answer::Task(Some(_))))) {
                verdict.saw("poll's answer lost");
            }
        }
        _ => {}
    }
}

fn lives(chronicle: &Chronicle<'_>, life: Life, verdict: &mut Verdict) {
    let ended = life.ended.map_or(usize::MAX, |when| when.0);
    let has_attempt = |at: usize| {
        chronicle.attempts.values().any(|attempt| {
            let over = attempt.over.map_or(usize::MAX, |(when, _)| when.0);
            attempt.handed.is_some_and(|handed| handed.0 < at)
                && at < over
                && attempt.worker_gone.is_none_or(|gone| gone.0 >= at)
        })
    };
    match life.shutting_down {
        Some((when, _)) => {
            let outages = &chronicle.schedule.outages;
            if outages.iter().any(|outage| outage.from <= when.1 && when.1 < outage.to) {
                verdict.saw("shutdown during an outage");
            }
            if has_attempt(when.0) {
                verdict.saw("shutdown with an attempt");
            }
        }
        None if has_attempt(ended) => verdict.saw("crash with an attempt"),
        None => {}
    }
}
