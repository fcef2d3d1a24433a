//! What went wrong on the network within a span of time, as far as an attempt can feel it.

use std::time::Duration;

use super::chronicle::{Attempt, Chronicle};
use crate::inprocess::{
    Moment,
    history::{Lane, Rpc},
    network::{Hits, Loss},
};

/// Spans of trouble, which may overlap.
pub(super) struct Trouble {
    spans: Vec<(Moment, Moment)>,
    /// When a report of the SDK was lost or delayed: it may have stood for a beat of ours.
    reports: Vec<Moment>,
}

impl Trouble {
    /// All that hits our own lane of an attempt.
    pub(super) fn of(chronicle: &Chronicle<'_>, attempt: &Attempt) -> Self {
        let schedule = chronicle.schedule;
        let hits_ours = |hits| matches!(hits, Hits::Everything | Hits::Heartbeats);
        let outages = schedule.outages.iter().filter(|outage| hits_ours(outage.hits));
        let mut spans: Vec<_> = outages.map(|outage| (outage.from, outage.to)).collect();
        // A call that is lost is trouble for as long as it may keep its caller from trying again.
        let longest = retry(chronicle);
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
            let length = match fate.loss {
                Loss::Nothing if !delayed => continue,
                Loss::Nothing => (fate.before + fate.after).min(longest),
                _ => longest,
            };
            spans.push((call.sent.1, call.sent.1 + length));
        }
        if let Some(handed) = attempt.handed {
            spans.push((attempt.started.1, handed.1));
        }
        spans.sort_unstable();
        Self { spans, reports }
    }

    /// How many reports of the SDK were lost between.
    pub(super) fn reports_between(&self, from: Moment, to: Moment) -> usize {
        self.reports.iter().filter(|sent| from <= **sent && **sent < to).count()
    }

    /// How many spans of trouble there are between, and how long they are together.
    pub(super) fn between(&self, from: Moment, to: Moment) -> (usize, Duration) {
        let mut count = 0;
        let mut length = Duration::ZERO;
        let mut until = from;
        for (begin, end) in &self.spans {
            let (begin, end) = ((*begin).max(from), (*end).min(to));
            if begin >= end {
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
    chronicle.schedule.interval().max(eighth)
}

/// The longest trouble that an attempt must survive.
pub(super) fn survivable(chronicle: &Chronicle<'_>) -> Duration {
    let schedule = chronicle.schedule;
    let spent = schedule.interval() + retry(chronicle) + schedule.round_trip();
    schedule.heartbeat_timeout().saturating_sub(spent)
}
