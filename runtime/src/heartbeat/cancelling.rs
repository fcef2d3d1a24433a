//! Who cancels an attempt, why, and how long its body may go on after that.
//!
//! Invariants:
//! - a body that was told may go on for its grace, which counts once, from when it was first told;
//! - where another attempt may start there is none;
//! - the engine's token says that something happened, never what: a beat asks, and where it does not
//!   know either, the clocks decide.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::pulse::Pulse;
use crate::{
    cancel::{CancelReason, Cancellation},
    events::say,
    lease::core_rules,
};

/// How long a question why the engine wants the attempt to stop may take.
const LONGEST_QUESTION: Duration = Duration::from_secs(10);

/// Kept by the heartbeat's task for as long as that lives.
///
/// Whoever cancels an attempt is that task, so where it comes to grief this does: nobody beats any more, and
/// the body must not go on when another attempt starts.
pub(super) struct Vigil {
    pub(super) begins: Option<oneshot::Sender<()>>,
    pub(super) cancellation: Cancellation,
}

impl Vigil {
    /// The heartbeat knows its clocks, and that the attempt is welcome: it goes on when this poll is over.
    pub(super) fn begin(&mut self) {
        if let Some(begins) = self.begins.take() {
            let _ = begins.send(());
        }
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        if std::thread::panicking() && self.cancellation.cancel(CancelReason::LeaseLost) {
            say!(warn, "the heartbeat panicked, so that the attempt is given up");
        }
    }
}

/// Why the engine's token fired: the first beat sent since then may say so.
pub(super) struct Question {
    pub(super) asked: Instant,
    /// The number of the beat that asks.
    pub(super) beat: u64,
    pub(super) until: Instant,
    pub(super) is_troubled: bool,
}

impl Pulse {
    /// Asks why the engine wants the attempt to stop: `true` where a beat is to go out, whose answer may
    /// say so.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        self.told_by_engine(now);
        let settling = self.settling();
        self.shuts_down = self.lease.is_told_to_stop().then(|| self.is_untold(now));
        if let Some(reason) = self.cancellation.reason() {
            // Whoever told the body, its grace begins no later than now.
            self.begin_grace(reason);
            return false;
        }
        let longest = LONGEST_QUESTION.max(settling);
        self.question = Some(Question {
            asked: now,
            beat: self.traffic.sent() + 1,
            until: now + self.rhythm.timeout.map_or(longest, |timeout| longest.min(timeout / 2)),
            is_troubled: self.is_troubled(now),
        });
        let asks = self.lease.takes_heartbeats();
        if !asks {
            self.answer_by_guess(now);
        }
        asks
    }

    /// Whether the engine shuts down: its token fired for what no report of its own was told.
    pub(super) fn shuts_down(&self, now: Instant) -> bool {
        self.lease.is_told_to_stop() && self.shuts_down.unwrap_or_else(|| self.is_untold(now))
    }

    /// Whether no report of the engine's own was told anything just now: what it was told, a question will learn
    /// as well. One without a lane of its own has no reports.
    fn is_untold(&self, now: Instant) -> bool {
        let settling = self.settling();
        self.engine.as_ref().is_none_or(|engine| !engine.has_just_recorded(now, settling))
    }

    /// No beat said why the engine wants the attempt to stop.
    pub(super) fn answer_by_guess(&mut self, now: Instant) {
        let Some(question) = self.question.take() else { return };
        if self.cancellation.is_told() || !self.lease.is_told_to_stop() {
            return;
        }
        let gave_up = self
            .engine
            .as_mut()
            .filter(|engine| engine.may_have_given_up(question.asked, question.is_troubled));
        let Some(engine) = gave_up else { return self.cancel(self.lease.unspoken_reason()) };
        engine.give_up();
        let since_last_beat = now.saturating_duration_since(self.renewed);
        self.afterwards(move || {
            say!(
                warn,
                ?since_last_beat,
                "the SDK gave the attempt up, since no heartbeat of its own got through; it goes on, as \
                 long as ours do, but a shutdown of this worker cannot reach it any more",
            );
        });
    }

    pub(super) fn cancel(&mut self, reason: CancelReason) {
        let is_news = self.cancellation.cancel(reason);
        self.follow_cancellation(reason, is_news);
    }

    /// As [`cancel`](Self::cancel), with what the server should be told about it.
    pub(super) fn cancel_with(&mut self, reason: CancelReason, message: String) {
        let is_news = self.cancellation.cancel_with(reason, message);
        self.follow_cancellation(reason, is_news);
    }

    fn follow_cancellation(&mut self, reason: CancelReason, is_news: bool) {
        if is_news {
            let since_last_beat = self.renewed.elapsed();
            // Work is done twice where the lease is lost: somebody should look why.
            self.afterwards(move || match reason {
                CancelReason::LeaseLost => say!(warn, ?reason, ?since_last_beat, "cancelled"),
                _ => say!(info, ?reason, ?since_last_beat, "cancelled"),
            });
            self.begin_grace(reason);
        }
    }

    fn begin_grace(&mut self, reason: CancelReason) {
        let now = Instant::now();
        if self.grace_end.is_none() && !reason.leaves_no_grace() {
            let until_told = match self.rhythm.timeout {
                Some(timeout) if self.rhythm.told_by_engine && !self.lease.is_told_to_stop() => {
                    // When the SDK tells a body whose only handle is its context.
                    core_rules::patience(timeout)
                }
                _ => Duration::ZERO,
            };
            self.grace_end = self.rhythm.grace.map(|grace| now + until_told + grace);
        }
    }

    /// The engine's token fired: a body that sees only that learns of it now.
    fn told_by_engine(&mut self, now: Instant) {
        if self.rhythm.told_by_engine && self.grace_end.is_some() {
            self.grace_end = self.rhythm.grace.map(|grace| now + grace);
        }
    }

    /// Whether a request to cancel would be answered otherwise, and could have come since the last beat; before a
    /// hand-over, which comes at a time of its own, in any case.
    pub(super) fn may_be_requested(&self, now: Instant) -> bool {
        let told = self.cancellation.told();
        let is_due = told == Some(CancelReason::HandOver) || self.renewed + self.settling() < now;
        let better = told.is_some_and(CancelReason::yields_to_a_request);
        better && is_due && self.next_beat.is_some() && self.lease.takes_heartbeats()
    }

    /// A body that only knows the engine's token stopped when the engine gave the attempt up.
    pub(super) fn settle_on_give_up(&mut self) {
        if self.is_given_up() && !self.cancellation.is_told() {
            self.cancel(CancelReason::LeaseLost);
        }
    }

    /// Until when a question may take.
    pub(super) fn question_ends(&self, now: Instant) -> Instant {
        let limit = self.limit(now);
        self.question.as_ref().map_or(limit, |question| question.until.min(limit))
    }
}
