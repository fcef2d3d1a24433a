//! What went wrong on the network within a span of time, as far as an attempt can feel it.

use std::time::Duration;

use super::chronicle::{Attempt, Chronicle};
use crate::inprocess::{
    Moment,
    history::Rpc,
    network::{Hits, Loss},
};

/// Spans of trouble, which may overlap.
pub(super) struct Trouble {
    spans: Vec<(Moment, Moment)>,
}

impl Trouble {
    /// All that hits the heartbeats of an attempt: where nothing is wrong, the SDK's lane carries some.
    pub(super) fn of(chronicle: &Chronicle<'_>, attempt: &Attempt) -> Self {
        let schedule = chronicle.schedule;
        let hits_ours = |hits| hits != Hits::Namespace;
        let outages = schedule.outages.iter().filter(|outage| hits_ours(outage.hits));
        let mut spans: Vec<_> = outages.map(|outage| (outage.from, outage.to)).collect();
        // A call that is lost is trouble for as long as it may keep its caller from trying again.
        let longest = retry(chronicle);
        for call in chronicle.calls_of(attempt.token) {
            if call.called.rpc == Rpc::DescribeNamespace {
                continue;
            }
            let fate = call.called.fate;
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
        Self { spans }
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
