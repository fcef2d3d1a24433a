//! How far apart beats are while the server is under pressure.
//!
//! A server that refuses beats for load, or answers them slowly, is helped by fewer of them. So an
//! interval that nobody declared widens, and comes back when the server does.
//!
//! Invariants:
//! - the interval, a round trip and another try fit into two thirds of the timeout, which leaves a third
//!   for more tries; and it is at most twice as long as at rest, so that nobody is told much later;
//! - beats that are lost widen nothing, and end what pressure had widened: that is when beats matter most;
//! - an interval that was declared stays.

use std::time::Duration;

/// An answer that takes more than this part of the interval is slow; one that takes less than half of
/// it is quick.
const SLOW: u32 = 4;

/// How much longer an interval may become.
const WIDEST: u32 = 2;

/// The interval in force.
pub(super) struct Pressure {
    /// Where nothing is wrong.
    rested: Duration,
    in_force: Duration,
    /// How far an interval may widen, at most, before what a try takes is taken off; `None` where it may
    /// not.
    room: Option<Duration>,
}

impl Pressure {
    pub(super) fn new(interval: Duration, timeout: Option<Duration>, is_declared: bool) -> Self {
        let room = timeout.filter(|_| !is_declared).map(|timeout| timeout / 3 * 2);
        Self { rested: interval, in_force: interval, room }
    }

    /// How far apart beats are now.
    pub(super) fn interval(&self) -> Duration {
        self.in_force
    }

    /// A beat was refused for load.
    pub(super) fn refused(&mut self, one_try: Duration) {
        self.widen(self.in_force.saturating_mul(3) / 2, one_try);
    }

    /// A beat was answered.
    pub(super) fn answered(&mut self, took: Duration, one_try: Duration) {
        let slow = self.rested / SLOW;
        if took > slow {
            self.widen(self.in_force.saturating_mul(5) / 4, one_try);
        } else if took <= slow / 2 {
            self.in_force = (self.in_force * 4 / 5).max(self.rested);
        }
    }

    /// A beat was lost.
    pub(super) fn lost(&mut self) {
        self.in_force = self.rested;
    }

    fn widen(&mut self, wider: Duration, one_try: Duration) {
        let Some(room) = self.room else { return };
        let widest = room.saturating_sub(one_try).min(self.rested.saturating_mul(WIDEST));
        let before = self.in_force;
        self.in_force = wider.min(widest).max(self.rested);
        if before == self.rested && self.in_force > before {
            tracing::debug!(
                target: "autobeat",
                interval = ?self.in_force,
                "the server is under pressure: fewer heartbeats",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const QUICK: Duration = Duration::from_millis(5);
    const ONE_TRY: Duration = Duration::from_secs(1);

    fn pressure(is_declared: bool) -> Pressure {
        Pressure::new(3 * SECOND, Some(9 * SECOND), is_declared)
    }

    #[test]
    fn a_default_interval_widens_up_to_what_another_try_leaves_of_two_thirds() {
        let mut pressure = pressure(false);
        pressure.refused(ONE_TRY);
        assert_eq!(pressure.interval(), SECOND * 9 / 2);
        pressure.refused(ONE_TRY);
        assert_eq!(pressure.interval(), 5 * SECOND);
        pressure.refused(5 * SECOND);
        assert_eq!(pressure.interval(), 3 * SECOND, "no further than another try allows");
    }

    #[test]
    fn slow_answers_widen_it_and_quick_ones_bring_it_back() {
        let mut pressure = pressure(false);
        pressure.answered(3 * SECOND / 4, ONE_TRY);
        assert_eq!(pressure.interval(), 3 * SECOND, "as slow as may be");
        pressure.answered(3 * SECOND / 4 + QUICK, ONE_TRY);
        assert_eq!(pressure.interval(), SECOND * 15 / 4);
        pressure.answered(SECOND / 2, ONE_TRY);
        assert_eq!(pressure.interval(), SECOND * 15 / 4, "neither slow nor quick");
        pressure.answered(3 * SECOND / 8, ONE_TRY);
        assert_eq!(pressure.interval(), 3 * SECOND);
        pressure.answered(QUICK, ONE_TRY);
        assert_eq!(pressure.interval(), 3 * SECOND, "no shorter than at rest");
    }

    #[test]
    fn a_beat_that_is_lost_ends_it_at_once() {
        let mut pressure = pressure(false);
        pressure.refused(ONE_TRY);
        pressure.lost();
        assert_eq!(pressure.interval(), 3 * SECOND);
    }

    #[test]
    fn a_declared_interval_stays_and_so_does_one_without_a_timeout() {
        for mut pressure in [pressure(true), Pressure::new(3 * SECOND, None, false)] {
            pressure.refused(ONE_TRY);
            pressure.answered(2 * SECOND, ONE_TRY);
            assert_eq!(pressure.interval(), 3 * SECOND);
        }
    }
}
