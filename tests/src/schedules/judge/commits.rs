//! Rules 1 and 2: what was committed stays, and the next attempt starts from it.
//!
//! The server lets the last write win. So a write that takes longer than its bound may land after a
//! newer one, and nobody can help it: ours is bounded for as long as its caller waits, and by the
//! settling time after that; a report of the SDK by the settling time. A report that is refused
//! is sent again by core, up to ten times, and is one report from when it was sent first. Beyond
//! that the next acknowledged beat must heal it, and it is counted.

use std::time::Duration;

use super::{
    Verdict,
    chronicle::{Attempt, Call, Chronicle, When},
    lease::TICK,
};
use crate::inprocess::{
    Moment,
    activity::Token,
    history::{Answer, Lane, Order, Rpc, Said, What},
};

/// The least that is allowed for a request to land.
const LEAST_SETTLING: Duration = Duration::from_millis(100);

/// The longest that core holds a report back.
const LONGEST_THROTTLE: Duration = Duration::from_mins(1);

const HOLDS: &str = "a commit holds";
const RESUMES: &str = "the next attempt starts from what was committed";

/// What is known at a step.
#[derive(Default)]
struct Sight {
    /// The newest committed value that the server must still hold.
    floor: u64,
    /// The newest value that it ever held, as far as that counts.
    peak: u64,
    /// Since when an older one stands there, by a write that was out of its bound.
    overtaken: Option<When>,
    /// Whether the details go at the next start.
    details_go: bool,
    /// The attempt that runs.
    running: Option<Token>,
    /// What the last attempt was handed.
    handed: u64,
}

pub(super) fn judge(chronicle: &Chronicle<'_>, verdict: &mut Verdict) {
    let mut sight = Sight::default();
    for (step, event) in chronicle.events.iter().enumerate() {
        let held = event.held.unwrap_or_default();
        let when = (step, event.at);
        match &event.what {
            What::Body(_, Said::Committed(value)) => {
                sight.committed(*value, held, when, verdict);
            }
            What::Body(token, Said::Began(value)) => sight.began(*token, *value, when, verdict),
            What::Took { call, answer, .. } => {
                if let Some(call) = chronicle.calls.get(call) {
                    sight.wrote(chronicle, call, *answer, (when, held), verdict);
                }
            }
            What::Started { token, .. } => sight.started(*token, held, when, verdict),
            What::TimedOut(..) => sight.running = None,
            What::Ordered(Order::Reset { heartbeats: true }, _) if sight.running.is_some() => {
                sight.details_go = true;
            }
            What::Ordered(Order::Reset { heartbeats: true }, _) => sight.forget(),
            _ => {}
        }
    }
}

impl Sight {
    fn committed(&mut self, value: u64, held: u64, when: When, verdict: &mut Verdict) {
        if held < value {
            if self.overtaken.is_some() || self.details_go {
                verdict.saw("commit overtaken");
            } else {
                let how = format!("{value} was acknowledged, the server holds {held}");
                verdict.broken(HOLDS, when.1, how);
            }
        }
        self.floor = self.floor.max(value);
    }

    /// A write took effect.
    fn wrote(
        &mut self,
        chronicle: &Chronicle<'_>,
        call: &Call,
        answer: Answer,
        (when, held): (When, u64),
        verdict: &mut Verdict,
    ) {
        // An earlier attempt of the same number, after a reset: nothing bounds what it has sent.
        let another = self.running.filter(|running| call.called.token != Some(*running));
        let is_of_another = another.is_some();
        let writes = match (call.called.rpc, answer) {
            (Rpc::Heartbeat, Answer::Recorded(_)) => true,
            // Its own failure leaves what is there, that of another one takes it away.
            (Rpc::Fail, Answer::Done) => call.called.value.is_some() || is_of_another && held == 0,
            _ => false,
        };
        if call.called.rpc.is_answer() && answer == Answer::Done {
            self.running = None;
        }
        if !writes {
            return;
        }
        if let Some(another) = another.and_then(|token| chronicle.attempts.get(&token)) {
            falls_silent(another, call, when, verdict);
        }
        let value = call.called.value.unwrap_or_default();
        if value >= self.peak {
            self.peak = value;
            if self.overtaken.take().is_some() {
                verdict.saw("overtaken commit healed");
            }
        } else if is_of_another || !is_bounded(chronicle, call, when) {
            if value < self.floor {
                verdict.saw("commit overtaken");
            }
            self.overtaken = Some(when);
        } else if value < self.floor {
            let how =
                format!("{value} came after {} was acknowledged: {:?}", self.floor, call.called);
            verdict.broken(HOLDS, when.1, how);
            // Told once.
            self.floor = value;
        }
    }

    /// The details are gone because somebody wanted that.
    fn forget(&mut self) {
        self.floor = 0;
        self.peak = 0;
        self.overtaken = None;
    }

    fn started(&mut self, token: Token, held: u64, when: When, verdict: &mut Verdict) {
        self.running = Some(token);
        if std::mem::take(&mut self.details_go) {
            self.forget();
        }
        self.handed = held;
        if held >= self.floor {
            return;
        }
        if self.overtaken.take().is_some() {
            verdict.saw("next attempt from an overtaken commit");
        } else {
            let how = format!("{} was committed, the server holds {held}", self.floor);
            verdict.broken(RESUMES, when.1, how);
        }
        self.floor = held;
    }

    fn began(&mut self, token: Token, value: u64, when: When, verdict: &mut Verdict) {
        if value < self.floor {
            let how = format!("{} began with {value}, {} was committed", token.0, self.floor);
            verdict.broken(RESUMES, when.1, how);
        }
        if value != self.handed {
            let how = format!("{} began with {value}, it was handed {}", token.0, self.handed);
            verdict.broken("an attempt starts from what it is handed", when.1, how);
        }
    }
}

/// From when a worker has an attempt, an earlier one of its number sends nothing on our lane any more.
fn falls_silent(later: &Attempt, call: &Call, when: When, verdict: &mut Verdict) {
    let had = later.handed.is_some_and(|handed| call.sent.1.since(handed.1) > TICK);
    if had && call.called.lane == Lane::Ours {
        let how = format!("{} runs, and was spoken for: {:?}", later.token.0, call.called);
        verdict.broken("an earlier attempt of its number falls silent", when.1, how);
    }
}

/// Whether the last beat of an attempt that took effect before a step was out of its bound.
pub(super) fn stands_overtaken(chronicle: &Chronicle<'_>, token: Token, step: usize) -> bool {
    let recorded = chronicle.calls_of(token).filter_map(|call| match call.took {
        Some((when, Answer::Recorded(_))) if when.0 < step => Some((when, call)),
        _ => None,
    });
    let last = recorded.max_by_key(|(when, _)| when.0);
    last.is_some_and(|(when, call)| !is_bounded(chronicle, call, when))
}

/// Whether a write that took effect then was within its bound.
fn is_bounded(chronicle: &Chronicle<'_>, call: &Call, when: When) -> bool {
    let settling = chronicle.settling();
    let waited_for = call.left.is_none_or(|left| {
        when.1.since(left.1) <= settling.min(as_measured(chronicle, call.called.token, left))
    });
    let ours = call.called.lane == Lane::Ours;
    if !ours && is_held(chronicle, call) {
        return false;
    }
    (ours && waited_for) || when.1.since(first_sent(chronicle, call)) <= settling
}

/// How long a request that is given up may take, as far as whoever gives it up can know: by the beat
/// that was answered in its place.
fn as_measured(chronicle: &Chronicle<'_>, token: Option<Token>, left: When) -> Duration {
    let answered = chronicle.calls.values().filter(|call| {
        call.called.token == token && call.is(Lane::Ours, Rpc::Heartbeat) && call.is_recorded()
    });
    let took = answered.filter_map(|call| {
        let heard = call.heard.filter(|(heard, _)| heard.1 == left.1)?;
        Some(heard.0.1.since(call.sent.1))
    });
    let round_trip = took.min().unwrap_or(Duration::MAX);
    LEAST_SETTLING.max(round_trip.saturating_mul(4))
}

/// Whether core held a report back: on a paused clock its throttle counts from when the one before it
/// was finished, so that it holds what on a real one it would have sent at once.
fn is_held(chronicle: &Chronicle<'_>, call: &Call) -> bool {
    let throttle = chronicle.schedule.heartbeat_timeout().mul_f64(0.8).min(LONGEST_THROTTLE);
    let earlier = chronicle.calls.range(..call.called.call).map(|(_, call)| call);
    let reports = earlier.filter(|other| {
        other.called.token == call.called.token && other.is(Lane::Sdk, Rpc::Heartbeat)
    });
    let finished = reports.filter_map(|other| other.heard.map(|(heard, _)| heard).or(other.left));
    let last = finished.map(|finished| finished.1).max();
    last.is_some_and(|last| call.sent.1.since(last + throttle) <= TICK)
}

/// When a report was sent first: core sends one again that was refused.
fn first_sent(chronicle: &Chronicle<'_>, call: &Call) -> Moment {
    let is_report = |other: &&Call| {
        let (called, report) = (&other.called, &call.called);
        called.token == report.token && called.lane == report.lane && called.rpc == report.rpc
    };
    let mut first = call.sent;
    let earlier = chronicle.calls.range(..call.called.call).rev().map(|(_, call)| call);
    for other in earlier.filter(is_report) {
        let refused = matches!(other.heard, Some((_, Answer::Unavailable | Answer::Exhausted)));
        if !refused || other.called.lane == Lane::Ours || other.called.value != call.called.value {
            break;
        }
        first = other.sent;
    }
    first.1
}
