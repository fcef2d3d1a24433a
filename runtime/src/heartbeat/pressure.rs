//! How far apart beats are while the server is under pressure.
//!
//! A server that refuses beats for load, or answers them slowly, is helped by fewer of them. So an
//! interval that nobody declared widens, and comes back when the server does.
//!
//! Invariants:
//! - the interval, a round trip and another try fit into two thirds of the timeout, which leaves a third
//!   for more tries; two of them with a round trip and another try fit into the timeout, so that the
//!   engine's lane may carry one; and it is at most twice as long as at rest, so that nobody is told much
//!   later;
//! - beats that are lost widen nothing, and end what pressure had widened: that is when beats matter most;
//! - an interval that was declared stays.

use std::time::Duration;

/// An answer that takes more than this many times as long as the quickest is slow, but for one that takes
/// less than the [`LEAST`] or more than the [`MOST`] part of the interval.
const SLOW: u32 = 4;
const LEAST: u32 = 16;
const MOST: u32 = 4;

/// How much longer an interval may become; as long where answers take this many times as long as slow ones.
const WIDEST: u32 = 2;
const SLOWEST: u32 = 4;

/// How long answers take.
#[derive(Clone, Copy, Default)]
pub(super) struct Answers {
    /// Of late.
    pub(super) round_trip: Duration,
    /// Where nothing is wrong.
    pub(super) quickest: Duration,
    /// How long a try takes that follows one that was not answered.
    pub(super) one_try: Duration,
}

/// The interval in force.
pub(super) struct Pressure {
    /// Where nothing is wrong.
    rested: Duration,
    /// By what was refused.
    refused: Duration,
    /// Whether a beat was lost since the last answer.
    is_lost: bool,
    /// Whether the interval was wider than at rest when it was looked at last.
    is_wide: bool,
    timeout: Option<Duration>,
    is_declared: bool,
}

impl Pressure {
    pub(super) fn new(interval: Duration, timeout: Option<Duration>, is_declared: bool) -> Self {
        Self {
            rested: interval,
            refused: interval,
            is_lost: false,
            is_wide: false,
            timeout,
            is_declared,
        }
    }

    /// How far apart beats are now.
    pub(super) fn interval(&self, answers: Answers) -> Duration {
        let Some(timeout) = self.timeout.filter(|_| !self.is_declared && !self.is_lost) else {
            return self.rested;
        };
        let room = (timeout / 3 * 2).saturating_sub(answers.one_try);
        let room = room.min(timeout.saturating_sub(answers.one_try) / 2);
        self.by_slowness(answers).max(self.refused).min(room).max(self.rested)
    }

    fn by_slowness(&self, answers: Answers) -> Duration {
        let least = (answers.quickest * SLOW).max(self.rested / LEAST);
        let slow = least.min(self.rested / MOST);
        let beyond = answers.round_trip.saturating_sub(slow).as_secs_f64();
        let part = beyond / (slow * (SLOWEST - 1)).as_secs_f64();
        self.rested.mul_f64(1.0 + part.min(1.0) * f64::from(WIDEST - 1))
    }

    /// A beat was refused for load.
    pub(super) fn refused(&mut self) {
        self.refused = (self.refused.saturating_mul(3) / 2).min(self.rested.saturating_mul(WIDEST));
    }

    /// A beat goes out, this far from the next one: whether it is the first of those that are farther apart.
    pub(super) fn follows(&mut self, interval: Duration) -> bool {
        let was_wide = std::mem::replace(&mut self.is_wide, interval > self.rested);
        self.is_wide && !was_wide
    }

    /// A beat was answered.
    pub(super) fn answered(&mut self) {
        self.is_lost = false;
        self.refused = (self.refused * 4 / 5).max(self.rested);
    }

    /// A beat was lost.
    pub(super) fn lost(&mut self) {
        self.is_lost = true;
        self.refused = self.rested;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const QUICK: Duration = Duration::from_millis(5);

    fn pressure(is_declared: bool) -> Pressure {
        Pressure::new(3 * SECOND, Some(9 * SECOND), is_declared)
    }

    fn answers(round_trip: Duration, one_try: Duration) -> Answers {
        Answers { round_trip, quickest: QUICK, one_try }
    }

    #[test]
    fn a_default_interval_widens_up_to_what_another_try_leaves() {
        let mut pressure = pressure(false);
        pressure.refused();
        let widest = Duration::from_micros(4_497_500);
        assert_eq!(pressure.interval(answers(QUICK, QUICK)), widest, "and a try of 5 ms");
        pressure.refused();
        assert_eq!(pressure.interval(answers(QUICK, SECOND)), 4 * SECOND, "two of them, and a try");
        assert_eq!(pressure.interval(answers(QUICK, 5 * SECOND)), 3 * SECOND);
        pressure.answered();
        pressure.answered();
        pressure.answered();
        assert!(pressure.interval(answers(QUICK, QUICK)) < 4 * SECOND, "it comes back");
        pressure.answered();
        assert_eq!(pressure.interval(answers(QUICK, QUICK)), 3 * SECOND);
    }

    #[test]
    fn the_slower_the_answers_the_wider_it_is() {
        let pressure = pressure(false);
        let interval = |round_trip| pressure.interval(answers(round_trip, SECOND / 2));
        assert_eq!(interval(QUICK), 3 * SECOND);
        assert_eq!(interval(3 * SECOND / 16), 3 * SECOND, "as slow as may be");
        assert!(interval(SECOND / 4) > 3 * SECOND && interval(SECOND / 4) < 4 * SECOND);
        assert_eq!(interval(2 * SECOND), SECOND * 17 / 4, "as much as fits");
    }

    #[test]
    fn what_is_slow_depends_on_how_quick_the_server_is_otherwise() {
        let pressure = pressure(false);
        let far_away = |round_trip| {
            let quickest = SECOND / 10;
            pressure.interval(Answers { round_trip, quickest, one_try: SECOND / 2 })
        };
        assert_eq!(far_away(SECOND * 4 / 10), 3 * SECOND);
        assert!(far_away(SECOND * 5 / 10) > 3 * SECOND);
        let pressed = |round_trip| {
            let quickest = SECOND;
            pressure.interval(Answers { round_trip, quickest, one_try: SECOND / 2 })
        };
        assert!(pressed(SECOND) > 3 * SECOND, "a quarter of an interval is slow in any case");
    }

    #[test]
    fn a_beat_that_is_lost_ends_it_at_once() {
        let mut pressure = pressure(false);
        pressure.refused();
        pressure.lost();
        assert_eq!(pressure.interval(answers(SECOND, SECOND / 2)), 3 * SECOND);
        pressure.answered();
        assert!(pressure.interval(answers(SECOND, SECOND / 2)) > 3 * SECOND);
    }

    #[test]
    fn a_declared_interval_stays_and_so_does_one_without_a_timeout() {
        for mut pressure in [pressure(true), Pressure::new(3 * SECOND, None, false)] {
            pressure.refused();
            assert_eq!(pressure.interval(answers(2 * SECOND, QUICK)), 3 * SECOND);
        }
    }

    /// One whose timeout leaves room for all that pressure may do.
    fn roomy() -> Pressure {
        Pressure::new(3 * SECOND, Some(30 * SECOND), false)
    }

    #[test]
    fn it_is_half_wider_where_answers_take_half_as_long_as_the_slowest() {
        let interval = |round_trip, quickest| {
            roomy().interval(Answers { round_trip, quickest, one_try: Duration::ZERO })
        };
        let millis = Duration::from_millis;
        // The least that is slow is 187.5 ms, the most 750 ms, and between them it is four times the quickest.
        for (quickest, slow) in [(QUICK, 187_500), (SECOND / 10, 400_000), (SECOND, 750_000)] {
            let slow = Duration::from_micros(slow);
            assert_eq!(interval(slow, quickest), 3 * SECOND);
            assert_eq!(interval(slow + slow * 3 / 2, quickest), millis(4_500), "{quickest:?}");
            assert_eq!(interval(slow * SLOWEST, quickest), 6 * SECOND);
            assert_eq!(interval(slow * SLOWEST * 2, quickest), 6 * SECOND, "and no wider");
        }
    }

    #[test]
    fn each_refusal_widens_it_by_a_half_and_each_answer_takes_back_a_fifth() {
        let mut pressure = roomy();
        let interval = |pressure: &Pressure| pressure.interval(answers(QUICK, QUICK)).as_millis();
        pressure.refused();
        assert_eq!(interval(&pressure), 4_500);
        pressure.refused();
        pressure.refused();
        assert_eq!(interval(&pressure), 6_000, "and no wider");
        pressure.answered();
        assert_eq!(interval(&pressure), 4_800);
    }

    #[test]
    fn a_try_that_takes_most_of_a_timeout_leaves_a_third_of_it_for_more() {
        let mut pressure = Pressure::new(30 * SECOND, Some(300 * SECOND), false);
        pressure.refused();
        pressure.refused();
        assert_eq!(pressure.interval(answers(QUICK, 150 * SECOND)), 50 * SECOND);
    }

    #[test]
    fn what_is_wider_than_at_rest_is_news_once() {
        let mut pressure = roomy();
        let wider = 3 * SECOND + Duration::from_millis(1);
        let news = [3 * SECOND, wider, wider, 3 * SECOND, wider]
            .map(|interval| pressure.follows(interval));
        assert_eq!(news, [false, true, false, false, true]);
    }
}
