//! The clock of the engine's own lane.
//!
//! The engine gives an attempt up when no report of its lane has finished for its patience, and holds
//! back what it is given within its throttle, to send it later over newer details. Nobody says when a
//! report has finished.
//!
//! Invariants:
//! - reports are further apart than the throttle, so each is sent at once;
//! - they are further apart than half of the patience, or than a report can live: one that is still
//!   unfinished when the next one is due has made the engine give up, and its token says so. So
//!   nothing is ever recorded while a report may be unfinished;
//! - nothing is recorded while beats of ours are lost: the engine would go on trying to send what is
//!   old by then;
//! - after the engine gave the attempt up, nothing is recorded there any more.

use std::time::Duration;

use tokio::time::Instant;

use crate::lease::{EngineRules, core_rules::LONGEST_REPORT};

/// How long past its bounds the lane is left alone, so that the engine surely sends at once.
const MARGIN: Duration = Duration::from_millis(200);

/// How far before the end of the engine's patience a report goes out whatever else is due.
const RESERVE: Duration = Duration::from_secs(3);

/// How much too early a timer may seem to fire.
const PRECISION: Duration = Duration::from_millis(5);

/// How late a timer of the engine may be noticed here.
const LATENESS: Duration = Duration::from_millis(20);

/// When the engine's lane has to carry a heartbeat.
#[derive(Debug)]
pub(super) struct EngineLane {
    rules: EngineRules,
    began: Report,
    /// The last ones, the newest first.
    recorded: [Option<Report>; 2],
    /// How long the last beat took to be answered.
    round_trip: Duration,
    gave_up: bool,
}

/// A report that went out, or the beginning, from which the engine's patience counts as well.
#[derive(Clone, Copy, Debug)]
struct Report {
    at: Instant,
    /// How long a beat took, at most, of those before and after it.
    slowest: Duration,
}

impl EngineLane {
    pub(super) fn new(rules: EngineRules, now: Instant) -> Self {
        let began = Report { at: now, slowest: Duration::ZERO };
        Self { rules, began, recorded: [None; 2], round_trip: Duration::ZERO, gave_up: false }
    }

    pub(super) fn recorded(&mut self, now: Instant) {
        self.recorded = [Some(Report { at: now, slowest: self.round_trip }), self.recorded[0]];
    }

    /// A beat of the other lane was answered.
    pub(super) fn answered(&mut self, took: Duration) {
        self.round_trip = took;
        let newest = self.recorded[0].as_mut().unwrap_or(&mut self.began);
        newest.slowest = newest.slowest.max(took);
    }

    /// When the engine's clock started anew, as far as is known.
    fn since(&self) -> Instant {
        self.recorded[0].unwrap_or(self.began).at
    }

    /// When a report may go out at the earliest; the first is never throttled.
    fn soonest(&self) -> Instant {
        match self.recorded[0] {
            Some(recorded) => recorded.at + self.shortest_spacing(),
            None => self.began.at,
        }
    }

    fn shortest_spacing(&self) -> Duration {
        self.rules.throttle.max(LONGEST_REPORT.min(self.rules.patience / 2)) + MARGIN
    }

    fn preferred(&self) -> Instant {
        self.since() + self.rules.spacing.max(self.shortest_spacing())
    }

    /// When a report must go out although no beat is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let reserve = RESERVE.min(self.rules.patience / 3);
        let latest = self.since() + self.rules.patience.saturating_sub(reserve);
        (!self.gave_up).then_some(latest)
    }

    /// Whether the beat that is due now is better carried by this lane than the next one.
    pub(super) fn takes(&self, now: Instant, interval: Duration) -> bool {
        !self.gave_up && now >= self.soonest() && now + interval / 2 >= self.preferred()
    }

    /// Whether the answer to a report may have come just now.
    pub(super) fn has_just_recorded(&self, now: Instant, settling: Duration) -> bool {
        self.recorded[0].is_some_and(|recorded| now <= recorded.at + settling)
    }

    /// Whether a beat of the other lane went out since the last report.
    pub(super) fn is_older_than(&self, beat: Option<Instant>) -> bool {
        beat.is_some_and(|beat| beat >= self.since())
    }

    /// Whether the engine's token, seen at this moment, may say that it gave the attempt up.
    ///
    /// Its patience counts from when a report finished: the newest, or the one before, where the newest
    /// is lost. A report takes about as long as the beats around it; where those are lost, nobody knows.
    /// The window is narrow, since a worker that shuts down by chance within it is not noticed.
    pub(super) fn may_have_given_up(&self, now: Instant, is_troubled: bool) -> bool {
        let least = self.rules.patience.saturating_sub(PRECISION);
        let before = self.recorded[1].or(Some(self.began));
        [self.recorded[0], before].into_iter().flatten().any(|report| {
            let most = if is_troubled { LONGEST_REPORT } else { 2 * report.slowest + LATENESS };
            let silent = now.saturating_duration_since(report.at);
            silent >= least && silent <= self.rules.patience + most
        })
    }

    pub(super) fn give_up(&mut self) {
        self.gave_up = true;
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.gave_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A lane whose engine waits 14 s for a report.
    fn lane(began: Instant) -> EngineLane {
        let rules =
            EngineRules { throttle: SECOND * 72 / 10, patience: 14 * SECOND, spacing: 9 * SECOND };
        EngineLane::new(rules, began)
    }

    #[test]
    fn the_engine_may_give_up_as_late_as_the_slowest_beat_beside_a_report_was() {
        let began = Instant::now();
        let gives_up = |lane: &EngineLane, millis| {
            lane.may_have_given_up(began + Duration::from_millis(millis), false)
        };
        let mut quick = lane(began);
        assert!(!gives_up(&quick, 13_990) && gives_up(&quick, 14_000) && gives_up(&quick, 14_020));
        assert!(!gives_up(&quick, 14_021), "a shutdown, then");
        // Before and after a report, whichever is slower.
        quick.answered(SECOND / 2);
        assert!(gives_up(&quick, 15_020) && !gives_up(&quick, 15_021));
        quick.recorded(began + 2 * SECOND);
        quick.answered(SECOND / 10);
        assert!(gives_up(&quick, 17_020) && !gives_up(&quick, 17_021));
        quick.answered(SECOND);
        assert!(gives_up(&quick, 18_020) && !gives_up(&quick, 18_021));
    }

    #[test]
    fn in_trouble_nobody_knows_how_long_a_report_takes() {
        let began = Instant::now();
        let gives_up = |seconds| lane(began).may_have_given_up(began + seconds * SECOND, true);
        assert!(!gives_up(13) && gives_up(14) && gives_up(74) && !gives_up(75));
    }
}
