//! Rule 6: heartbeats average one an interval, and a worker sleeps in between.

use std::time::Duration;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle},
};
use crate::{
    inprocess::{
        Moment,
        history::{Fit, Lane, Rpc, Said, What},
    },
    schedules::run::Ran,
};

/// Jitter shortens an interval by up to a tenth.
const SHORTEST: f64 = 0.9;

/// How many more there may be: the last call, a question why, one after the end.
const EXTRA: f64 = 6.0;

/// How often a thread may go to sleep for each step of the history, and for each beat.
const PARKS_A_STEP: u64 = 10;

/// And for each try of a heartbeat that cannot be sent: once when it is due, and once when it comes back.
const PARKS_A_TRY: u64 = 2;

pub(super) fn judge(chronicle: &Chronicle<'_>, ran: &Ran, verdict: &mut Verdict) {
    for attempt in chronicle.attempts.values() {
        requests(chronicle, attempt, verdict);
        failures(chronicle, attempt, verdict);
    }
    wakes(chronicle, ran, verdict);
}

fn requests(chronicle: &Chronicle<'_>, attempt: &Attempt, verdict: &mut Verdict) {
    let Some(handed) = attempt.handed else { return };
    let beats: Vec<_> = beats(chronicle, attempt).collect();
    let Some(last) = beats.last().map(|call| call.sent.1) else { return };
    let length = last.since(handed.1).as_secs_f64();
    let interval = chronicle.schedule.interval();
    let timeout = chronicle.schedule.heartbeat_timeout();
    let unheard = beats.iter().filter(|call| !call.is_recorded()).count();
    let commits = attempt.said.iter().filter(|(_, said)| matches!(said, Said::Commits(_))).count();
    // Where the interval is long, the SDK's lane needs more than the beats that it shares.
    let sparse = interval > timeout / 3;
    let of_sdk = if sparse { length / (timeout.as_secs_f64() * 0.8) + 1.0 } else { 0.0 };
    let allowed = length / (interval.as_secs_f64() * SHORTEST)
        + of_sdk
        + count(unheard)
        + 3.0 * count(commits)
        + EXTRA;
    if count(beats.len()) > allowed {
        let how = format!("{} heartbeats of {} in {length} s", beats.len(), attempt.token.0);
        verdict.broken("one request an interval", last, how);
    }
}

/// A beat that fails is tried again, but not in a loop.
fn failures(chronicle: &Chronicle<'_>, attempt: &Attempt, verdict: &mut Verdict) {
    let interval = chronicle.schedule.interval();
    let ours = beats(chronicle, attempt).filter(|call| call.called.lane == Lane::Ours);
    let mut run: Option<(Moment, usize)> = None;
    for call in ours {
        if call.is_recorded() {
            run = None;
            continue;
        }
        let (since, failed) = run.get_or_insert((call.sent.1, 0));
        *failed += 1;
        let length = call.sent.1.since(*since);
        // Each distance is twice the one before, in an attempt and once more after its end.
        let allowed = 30.0 + 2.0 * length.as_secs_f64() / interval.as_secs_f64();
        if count(*failed) > allowed {
            let how = format!("{failed} of {} failed in {length:?}", attempt.token.0);
            verdict.broken("a failed beat is not tried in a loop", call.sent.1, how);
            return;
        }
    }
}

fn wakes(chronicle: &Chronicle<'_>, ran: &Ran, verdict: &mut Verdict) {
    let steps = u64::try_from(chronicle.events.len()).unwrap_or(u64::MAX);
    let looks = director_looks(chronicle, ran.took);
    let interval = chronicle.schedule.interval();
    let unsent: u64 = chronicle.attempts.values().map(|attempt| unsent(attempt, interval)).sum();
    let allowed = 200 + steps * PARKS_A_STEP + looks + unsent * PARKS_A_TRY;
    if ran.parks > allowed {
        let polls = chronicle.events.iter();
        let polls = polls.filter(|event| matches!(event.what, What::Body(_, Said::Polled))).count();
        let how = format!("{} parks in {steps} steps, {polls} polls of bodies", ran.parks);
        verdict.broken("a worker sleeps between beats", Moment::after(ran.took), how);
    }
}

/// How often a heartbeat that cannot be sent is tried again: an interval later, and no step shows it.
fn unsent(attempt: &Attempt, interval: Duration) -> u64 {
    let is_unfit =
        |said: &Said| matches!(said, Said::Saved(_, Fit::TooLarge | Fit::Unserialisable));
    let mut said = attempt.said.iter();
    let Some((since, _)) = said.find(|(_, said)| is_unfit(said)) else { return 0 };
    let length = said.last().map_or(Duration::ZERO, |(until, _)| until.1.since(since.1));
    u64::try_from(length.as_nanos() / interval.as_nanos()).unwrap_or(u64::MAX)
}

/// The director of a world wakes its thread, too.
fn director_looks(chronicle: &Chronicle<'_>, took: Duration) -> u64 {
    let look = (chronicle.schedule.timeouts.heartbeat / 4).max(Duration::from_millis(100));
    u64::try_from(took.as_millis() / look.as_millis()).unwrap_or(u64::MAX) * 2
}

fn beats<'a>(chronicle: &'a Chronicle<'_>, attempt: &Attempt) -> impl Iterator<Item = &'a Call> {
    chronicle.calls_of(attempt.token).filter(|call| call.called.rpc == Rpc::Heartbeat)
}

#[expect(clippy::cast_precision_loss, reason = "there are not 2^52 of anything")]
fn count(number: usize) -> f64 {
    number as f64
}
