//! What went wrong on the network within a span of time, as far as an attempt can feel it.

use std::time::Duration;

use super::{
    chronicle::{Attempt, Call, Chronicle, When},
    lease::{TICK, end_of_lease},
};
use crate::inprocess::{
    Moment,
    history::{Lane, Rpc},
    network::{Hits, Loss},
};

/// The longest pause between two tries of a long timeout.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Spans of trouble, which may overlap.
pub(super) struct Trouble {
    spans: Vec<(Moment, Moment)>,
    /// When a report of the SDK was lost or delayed: it may have stood for a beat of ours.
    reports: Vec<Moment>,
    /// From when to when our own lane is hit by what is lost or delayed, whatever follows from that.
    hits: Vec<(Moment, Moment)>,
}

impl Trouble {
    /// All that hits our own lane of an attempt.
    pub(super) fn of(chronicle: &Chronicle<'_>, attempt: &Attempt) -> Self {
        let schedule = chronicle.schedule;
        let hits_ours = |hits| matches!(hits, Hits::Everything | Hits::Heartbeats);
        let outages = schedule.outages.iter().filter(|outage| hits_ours(outage.hits));
        let mut spans: Vec<_> = outages.map(|outage| (outage.from, outage.to)).collect();
        let mut hits = spans.clone();
        // A call that is lost is trouble for as long as it may keep its caller from trying again.
        let mut reports = Vec::new();
        for call in chronicle.calls_of(attempt.token) {
            let fate = call.called.fate;
            if call.called.lane == Lane::Sdk {
                let harmless = fate.loss == Loss::Nothing && fate.before <= schedule.latency;
                if call.called.rpc == Rpc::Heartbeat && !harmless {
                    reports.push(call.sent.1);
                }
                continue;
            }
            let delayed = fate.before.max(fate.after) > schedule.latency;
            if fate.loss == Loss::Nothing && !delayed {
                continue;
            }
            hits.push((call.sent.1, call.sent.1));
            let pause = pause_after(chronicle, attempt, call);
            let length = match fate.loss {
                Loss::Nothing => (fate.before + fate.after).min(pause),
                _ => pause,
            };
            spans.push((call.sent.1, call.sent.1 + length));
        }
        if let Some(handed) = attempt.handed {
            spans.push((attempt.started.1, handed.1));
            hits.push((attempt.started.1, handed.1));
        }
        spans.sort_unstable();
        Self { spans, reports, hits }
    }

    /// Since when nothing is lost or delayed on our own lane, as of a moment.
    pub(super) fn none_hit_since(&self, at: Moment) -> Moment {
        let before = self.hits.iter().filter(|(begin, _)| *begin < at);
        before.map(|(_, end)| (*end).min(at)).max().unwrap_or_default()
    }

    /// How many reports of the SDK were lost between.
    pub(super) fn reports_between(&self, from: Moment, to: Moment) -> usize {
        self.reports.iter().filter(|sent| from <= **sent && **sent < to).count()
    }

    /// How many spans of trouble there are between, and how long they are together: one that began before
    /// is as long as it is, although a late heartbeat took effect within it.
    pub(super) fn between(&self, from: Moment, to: Moment) -> (usize, Duration) {
        let mut count = 0;
        let mut length = Duration::ZERO;
        let mut until = Moment::default();
        for (begin, end) in &self.spans {
            let (begin, end) = (*begin, (*end).min(to));
            if begin >= end || end <= from {
                continue;
            }
            if begin > until || count == 0 {
                count += 1;
            }
            length += end.since(begin.max(until));
            until = until.max(end);
        }
        (count, length)
    }

    /// Since when there was none, as of a moment.
    pub(super) fn none_since(&self, at: Moment) -> Moment {
        let before = self.spans.iter().filter(|(begin, _)| *begin < at);
        before.map(|(_, end)| (*end).min(at)).max().unwrap_or_default()
    }
}

/// How long it may take to try again after a beat that was lost.
pub(super) fn retry(chronicle: &Chronicle<'_>) -> Duration {
    let eighth = chronicle.schedule.heartbeat_timeout() / 8;
    chronicle.schedule.interval().max(eighth.min(LONGEST_PAUSE))
}

/// How long it may take to try again after this one: the less is left of the lease, the sooner.
fn pause_after(chronicle: &Chronicle<'_>, attempt: &Attempt, call: &Call) -> Duration {
    let left = end_of_lease(chronicle, attempt, call.sent.0).since(call.sent.1);
    let settling = chronicle.settling_as_measured(attempt, call.sent.0);
    let least = settling.max(chronicle.schedule.interval() / 4);
    retry(chronicle).min((left / 3).max(least)) + TICK
}

/// The longest trouble that an attempt must survive, with the pause after what it swallowed last: as
/// long as the timeout, but for what lies between two beats of our own lane, and a round trip.
pub(super) fn survivable(chronicle: &Chronicle<'_>, has_returned: bool) -> Duration {
    let schedule = chronicle.schedule;
    let (timeout, interval) = (schedule.heartbeat_timeout(), schedule.interval());
    // The SDK's lane carries every third beat where the interval is short enough. After the body has ended
    // an answer has as long to come before it is asked about, and that is tried less often.
    let apart = match has_returned {
        true => interval * 2 + retry(chronicle) / 4,
        false if interval <= timeout / 3 => interval * 2,
        false => interval,
    };
    timeout.saturating_sub(apart + schedule.round_trip() + TICK)
}

/// How much of a lease must be left when the last trouble is over, however many troubles there were and
/// however long: the next try comes within a third of what is left, or within the least pause.
pub(super) fn left_at_last(
    chronicle: &Chronicle<'_>,
    attempt: &Attempt,
    when: When,
    has_returned: bool,
) -> Duration {
    let schedule = chronicle.schedule;
    let settling = chronicle.settling_as_measured(attempt, when.0);
    let pause = if has_returned { retry(chronicle) } else { schedule.interval() };
    let least = pause / 4;
    settling.max(least) + schedule.round_trip() + TICK * 3
}
