//! When something is tried again after the body has ended, and until when.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::pulse::Pulse;

/// The least time between two tries that are refused.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// How long the first try is waited for, at most, unless that is known to be too short.
const FIRST_TRY: Duration = Duration::from_secs(1);

/// Tries within one timeout, or within the time that somebody waits; the first is made in any case.
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

    /// Tries that are followed by others beside them, which need not wait for a slow answer.
    pub(super) fn beside(pulse: &Pulse, began: Instant) -> Self {
        let (longest, settling) = (pulse.longest_pause(), pulse.settling());
        let length = (settling / 2).max(longest.min(FIRST_TRY)).min(longest);
        Self { length, longest, least: longest / 4, ..Self::new(pulse, began) }
    }

    /// Likewise, but for no longer than somebody waits for them.
    pub(super) fn within(pulse: &Pulse, began: Instant, longest: Duration) -> Self {
        let tries = Self::beside(pulse, began);
        // Some fit into it, and one is not long before its end.
        let apart = tries.longest.min((longest / 8).max(SHORTEST_PAUSE));
        let length = tries.length.min(longest);
        Self { length, longest: apart.max(length), end: began + longest, ..tries }
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

    /// When the last of them is over.
    pub(super) fn end(&self) -> Instant {
        self.end
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

#[cfg(test)]
mod tests {
    use tokio::time::sleep_until;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Tries for nine seconds; three seconds apart at most, three quarters of one at least.
    fn tries(lease_end: Option<Instant>) -> Tries {
        Tries {
            length: SECOND,
            pause: SHORTEST_PAUSE,
            longest: 3 * SECOND,
            least: SECOND * 3 / 4,
            lease_end,
            end: Instant::now() + 9 * SECOND,
            first: true,
        }
    }

    /// How many milliseconds after the beginning each try ends that nobody answers.
    async fn unanswered(mut tries: Tries) -> Vec<u128> {
        let began = Instant::now();
        let mut ends = Vec::new();
        while let Some(until) = tries.next() {
            ends.push((until - began).as_millis());
            sleep_until(until).await;
            tries.go_on_after(until).await;
        }
        ends
    }

    /// How many milliseconds after the beginning each try begins that is refused at once.
    async fn refused(mut tries: Tries) -> Vec<u128> {
        let began = Instant::now();
        let mut starts = Vec::new();
        while let Some(until) = tries.next() {
            starts.push(began.elapsed().as_millis());
            tries.go_on_after(until).await;
        }
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_nobody_answers_is_followed_at_once_by_one_that_takes_longer() {
        assert_eq!(unanswered(tries(None)).await, [1_000, 3_000, 6_000, 9_000]);
        let early = Tries { end: Instant::now() + 8 * SECOND, ..tries(None) };
        assert_eq!(unanswered(early).await, [1_000, 3_000, 6_000, 8_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_refused_is_followed_after_a_pause_that_doubles() {
        let starts = refused(tries(None)).await;
        assert_eq!(starts, [0, 50, 150, 350, 750, 1_550, 3_150, 6_150]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_made_in_any_case() {
        let over = Tries { end: Instant::now(), ..tries(None) };
        assert_eq!(unanswered(over).await, [1_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn they_come_closer_as_a_lease_ends_and_not_any_more_after_that() {
        let lease_end = || Some(Instant::now() + 6 * SECOND);
        // A third of what is left, but no less than the least; from the end on, what it was before.
        let ends =
            unanswered(Tries { length: 4 * SECOND, longest: 4 * SECOND, ..tries(lease_end()) })
                .await;
        assert_eq!(ends[..4], [2_000, 3_333, 4_222, 4_973]);
        assert_eq!(ends.last(), Some(&9_000), "{ends:?}");
        let paused = Tries { pause: 4 * SECOND, longest: 4 * SECOND, ..tries(lease_end()) };
        let starts = refused(paused).await;
        assert_eq!(starts[..3], [0, 2_000, 3_334]);
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_no_hurry_at_the_very_end_of_a_lease() {
        let ended = tries(Some(Instant::now()));
        assert_eq!(unanswered(ended).await, [1_000, 3_000, 6_000, 9_000]);
    }
}
