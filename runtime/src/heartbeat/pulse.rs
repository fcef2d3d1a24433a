//! One attempt's clocks, and what each of them does when it is due.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, timeout};

use super::{Rhythm, progress::Progress};
use crate::{
    cancel::{CancelReason, Cancellation},
    checkpoint::{Details, Source},
    lease::{Lease, Reply},
};

/// How far before its deadline an attempt sends a last beat.
const LAST_CALL: Duration = Duration::from_millis(500);

/// How late a beat must be, at least, before it counts as a sign of a blocked runtime.
const NOTABLE_LATENESS: Duration = Duration::from_secs(1);

/// How long past the timeout the SDK tells a body whose only handle is the SDK's context.
const SDK_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that one beat needs and changes.
pub(super) struct Pulse {
    pub(super) lease: Arc<dyn Lease>,
    source: Arc<dyn Source>,
    cancellation: Cancellation,
    rhythm: Rhythm,
    next_beat: Option<Instant>,
    last_call: Option<Instant>,
    /// When the last acknowledged beat was sent.
    renewed: Instant,
    failures: Option<ExponentialBackoff>,
    progress: Progress,
    grace_end: Option<Instant>,
    late: bool,
    pub(super) stopped: bool,
    pub(super) beats: u64,
}

impl Pulse {
    pub(super) fn new(
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
        cancellation: Cancellation,
        rhythm: Rhythm,
    ) -> Self {
        let beats = lease.takes_heartbeats();
        if !beats {
            // Nobody will ever acknowledge anything: there is nothing to wait for.
            source.acknowledgements().acknowledge(u64::MAX);
        }
        Self {
            next_beat: beats.then(|| Instant::now() + jittered(rhythm.interval)),
            last_call: rhythm
                .deadline
                .filter(|_| beats)
                .map(|deadline| deadline - LAST_CALL.min(rhythm.interval / 2)),
            renewed: rhythm.started,
            failures: None,
            progress: Progress::since(rhythm.started, source.as_ref()),
            grace_end: None,
            late: false,
            stopped: false,
            beats: 0,
            lease,
            source,
            cancellation,
            rhythm,
        }
    }

    /// When there is something to do next; `None` when never.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let moments = [
            self.beat_at(),
            self.last_call,
            self.lease_end(),
            self.rhythm.deadline,
            self.stall_at(),
            self.grace_end,
        ];
        // A local activity may have nothing due, but can still be told to stop.
        let far = Instant::now() + Duration::from_hours(24);
        (!self.stopped).then(|| moments.into_iter().flatten().min().unwrap_or(far))
    }

    /// When the next beat goes out: earlier than its interval where the lease wants it.
    fn beat_at(&self) -> Option<Instant> {
        let wanted = self.lease.wants_beat_within().map(|within| Instant::now() + within);
        let planned = self.next_beat?;
        Some(match wanted {
            // After a failed beat the lease cannot want one sooner than the retry.
            Some(wanted) if self.failures.is_none() => planned.min(wanted),
            _ => planned,
        })
    }

    fn lease_end(&self) -> Option<Instant> {
        self.lease.takes_heartbeats().then_some(())?;
        self.rhythm.timeout.map(|timeout| self.renewed + timeout)
    }

    fn stall_at(&self) -> Option<Instant> {
        let stall_timeout = self.rhythm.stall_timeout?;
        (!self.cancellation.is_cancelled()).then(|| self.progress.seen + stall_timeout)
    }

    pub(super) fn is_beat_due(&self) -> bool {
        let now = Instant::now();
        [self.beat_at(), self.last_call].into_iter().flatten().any(|moment| moment <= now)
    }

    /// Says once an episode that something kept this task from running in time.
    pub(super) fn notice_lateness(&mut self, due: Instant) {
        let lateness = Instant::now().saturating_duration_since(due);
        let late = lateness >= NOTABLE_LATENESS.max(self.rhythm.interval / 2);
        if late && !self.late {
            tracing::warn!(
                target: "autobeat",
                ?lateness,
                "the heartbeat is late: something blocked the runtime or stopped the process; \
                 move blocking work into a function that is not `async`",
            );
        }
        self.late = late;
    }

    /// Looks at every clock but that of the beat; `false` when there is nothing more to do.
    pub(super) fn look_at_clocks(&mut self) -> bool {
        let now = Instant::now();
        let is_past = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        let over = if is_past(self.rhythm.deadline) {
            Some(CancelReason::DeadlineExceeded)
        } else {
            is_past(self.lease_end()).then_some(CancelReason::LeaseLost)
        };
        if let Some(reason) = over {
            self.cancel(reason);
            // Whatever it was told before: another attempt may start now.
            self.grace_end = Some(now);
        }
        self.look_at_progress(now);
        if is_past(self.grace_end) {
            self.cancellation.give_up();
            self.stopped = true;
        }
        !self.stopped
    }

    fn look_at_progress(&mut self, now: Instant) {
        let moved = self.progress.look(self.source.as_ref(), now);
        if moved || self.stall_at().is_none_or(|moment| moment > now) {
            return;
        }
        let message = self.progress.stalled(now);
        tracing::warn!(
            target: "autobeat",
            still = ?now - self.progress.seen,
            saves = self.progress.saves,
            "stalled",
        );
        self.cancel_with(CancelReason::Stalled, message);
    }

    /// Sends the newest details and acts on the answer.
    pub(super) async fn beat(&mut self) {
        let sent = Instant::now();
        self.last_call = self.last_call.filter(|moment| *moment > sent);
        let limit = self.limit(sent);
        if limit.is_zero() {
            return;
        }
        let Some(details) = self.newest() else {
            self.next_beat = None;
            return;
        };
        let version = details.version;
        let beat = self.lease.beat(details, limit);
        // A lease keeps its limit; this one keeps the task alive if it does not.
        let reply = timeout(limit + SDK_PATIENCE, beat).await;
        match reply {
            Ok(Ok(reply)) => self.acknowledged(sent, version, reply),
            Ok(Err(error)) => self.not_acknowledged(&error.to_string()),
            Err(_) => self.not_acknowledged("the lease did not keep its time limit"),
        }
    }

    /// The newest details, unless they cannot be encoded: then the attempt is cancelled.
    pub(super) fn newest(&mut self) -> Option<Details> {
        // A user's `Serialize` that panics must not end the heartbeat without a word.
        let newest = catch_unwind(AssertUnwindSafe(|| self.source.newest(&self.lease.converter())));
        let error = match newest {
            Ok(Ok(details)) => return Some(details),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the checkpoint panicked when it was serialised".to_owned(),
        };
        self.cancel_with(CancelReason::CheckpointInvalid, error);
        None
    }

    /// How long a beat may take: no clock must wait for it.
    fn limit(&self, now: Instant) -> Duration {
        let ends = [self.lease_end(), self.rhythm.deadline, self.grace_end];
        ends.into_iter()
            .flatten()
            .map(|end| end.saturating_duration_since(now))
            .fold(self.rhythm.interval, Duration::min)
    }

    fn acknowledged(&mut self, sent: Instant, version: u64, reply: Reply) {
        let now = Instant::now();
        self.failures = None;
        self.next_beat = Some(now + jittered(self.rhythm.interval));
        match reply {
            Reply::GoOn => self.renew(sent, version),
            Reply::Stop(CancelReason::NotFound) => {
                self.cancel(CancelReason::NotFound);
                // Nobody listens any more.
                self.next_beat = None;
                self.last_call = None;
            }
            Reply::Stop(reason) => {
                self.renew(sent, version);
                self.cancel(reason);
            }
            Reply::TooLarge { size, limit } => {
                let message = format!(
                    "the checkpoint takes {size} bytes, the server at most {limit}: keep positions \
                     and counts in it, not the data"
                );
                self.cancel_with(CancelReason::CheckpointTooLarge, message);
            }
        }
    }

    fn renew(&mut self, sent: Instant, version: u64) {
        self.renewed = sent;
        self.beats += 1;
        tracing::trace!(target: "autobeat", version, took = ?sent.elapsed(), "beat");
        let unsettled = self.lease.unsettled_for();
        let acknowledgements = self.source.acknowledgements();
        if unsettled.is_zero() {
            acknowledgements.acknowledge(version);
        } else if acknowledgements.is_wanted() {
            // What was just acknowledged may still be overtaken: say so only after another beat.
            self.next_beat = Some(Instant::now() + unsettled);
        }
    }

    fn not_acknowledged(&mut self, error: &str) {
        let interval = self.rhythm.interval;
        if self.failures.is_none() {
            tracing::warn!(target: "autobeat", error, "a heartbeat was not acknowledged; trying again");
        }
        let failures = self.failures.get_or_insert_with(|| {
            ExponentialBuilder::new()
                .with_min_delay((interval / 10).max(Duration::from_millis(10)))
                .with_max_delay(interval)
                .without_max_times()
                .build()
        });
        let delay = failures.next().unwrap_or(interval);
        self.next_beat = Some(Instant::now() + delay);
    }

    /// Asks why the engine wants the attempt to stop.
    pub(super) async fn ask(&mut self) {
        if self.cancellation.is_cancelled() {
            return;
        }
        if self.lease.takes_heartbeats() {
            self.beat().await;
        }
        if !self.cancellation.is_cancelled() && self.lease.is_told_to_stop() {
            self.cancel(self.lease.unspoken_reason());
        }
    }

    fn cancel(&mut self, reason: CancelReason) {
        let is_news = self.cancellation.cancel(reason);
        self.follow_cancellation(reason, is_news);
    }

    /// As [`cancel`](Self::cancel), with what the server should be told about it.
    fn cancel_with(&mut self, reason: CancelReason, message: String) {
        let is_news = self.cancellation.cancel_with(reason, message);
        self.follow_cancellation(reason, is_news);
    }

    fn follow_cancellation(&mut self, reason: CancelReason, is_news: bool) {
        if is_news {
            let since_last_beat = self.renewed.elapsed();
            tracing::info!(target: "autobeat", ?reason, ?since_last_beat, "cancelled");
            self.begin_grace(reason);
        }
    }

    fn begin_grace(&mut self, reason: CancelReason) {
        let now = Instant::now();
        if self.grace_end.is_none() && !reason.leaves_no_grace() {
            let until_told = match self.rhythm.timeout {
                Some(timeout) if self.rhythm.told_by_engine && !self.lease.is_told_to_stop() => {
                    timeout + SDK_PATIENCE
                }
                _ => Duration::ZERO,
            };
            self.grace_end = self.rhythm.grace.map(|grace| now + until_told + grace);
        }
    }

    /// The engine's token fired: a body that sees only that learns of it now.
    pub(super) fn told_by_engine(&mut self) {
        if self.rhythm.told_by_engine && self.grace_end.is_some() {
            self.grace_end = self.rhythm.grace.map(|grace| Instant::now() + grace);
        }
    }
}

/// A little earlier, never later: many attempts that start together do not beat together for ever.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - 0.1 * fastrand::f64())
}
