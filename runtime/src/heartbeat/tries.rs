//! When something is tried again after the body has ended, and until when.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::pulse::Pulse;

/// The least time between two tries that are refused.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// How long the first try is waited for, at most, unless that is known to be too short.
const FIRST_TRY: Duration = Duration::from_secs(1);

/// Tries within one timeout; the first is made in any case.
pub(super) struct Tries {
    /// How long one is waited for; like the pause it doubles, up to the longest.
    length: Duration,
    pause: Duration,
    longest: Duration,
    /// How long one is waited for in any case, and the least pause that the end of a lease leads to.
    least: Duration,
    /// When the lease is over: the less is left of it, the closer they come, so that some fit into the
    /// last of it.
    lease_end: Option<Instant>,
    end: Instant,
    first: bool,
}

impl Tries {
    /// Tries that end a timeout after this moment.
    pub(super) fn new(pulse: &Pulse, began: Instant) -> Self {
        let (longest, settling) = (pulse.longest_pause(), pulse.settling());
        Self {
            length: settling.max(longest.min(FIRST_TRY)),
            pause: SHORTEST_PAUSE,
            longest: longest.max(settling),
            least: settling.max(longest / 4),
            lease_end: pulse.lease_end(),
            end: began + pulse.longest_beat(),
            first: true,
        }
    }

    /// Until when the next try may take; `None` where there is none.
    pub(super) fn next(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let length = self.length.min(self.part_of_lease(now).max(self.least));
        if std::mem::take(&mut self.first) {
            return Some(now + length);
        }
        (self.end > now).then(|| self.end.min(now + length))
    }

    /// After a try in vain: one that nobody answered in its time is followed at once.
    pub(super) async fn go_on_after(&mut self, until: Instant) {
        if until <= Instant::now() {
            self.length = (self.length * 2).min(self.longest);
        } else {
            let now = Instant::now();
            let pause = self.pause.min(self.part_of_lease(now).max(self.least));
            sleep(pause.min(self.end.saturating_duration_since(now))).await;
            self.pause = (self.pause * 2).min(self.longest);
        }
    }

    /// A part of what is left of the lease; there is no hurry any more once that is over.
    fn part_of_lease(&self, now: Instant) -> Duration {
        let left = self.lease_end.and_then(|end| end.checked_duration_since(now));
        left.filter(|left| !left.is_zero()).map_or(Duration::MAX, |left| left / 3)
    }
}
