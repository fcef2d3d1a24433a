//! The task that beats for an attempt, and its clocks.
//!
//! Two clocks are kept apart. *Liveness*: this process runs and the server hears of it; that is
//! what a heartbeat says, whatever the body does. *Progress*: the body says that its work moves;
//! only `stall_timeout` looks at it.
//!
//! Invariants:
//! - every beat carries the newest details, and the first goes out after one interval;
//! - lease time counts from when the last acknowledged beat was *sent*: the server's clock for the
//!   next attempt starts later than that, so our body stops before another one starts;
//! - whoever cancels an attempt is this task, and it alone decides when the grace is over: it works
//!   also where the body blocks its thread;
//! - after the grace nothing is sent any more;
//! - a [`Pulse`] is locked for a beat and for what follows from it, so whoever stops the task under
//!   that lock knows that nothing older is recorded later.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

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

/// When what is due in an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) interval: Duration,
    /// The server's heartbeat timeout, if it has one.
    pub(crate) timeout: Option<Duration>,
    pub(crate) started: Instant,
    pub(crate) deadline: Option<Instant>,
    pub(crate) stall_timeout: Option<Duration>,
    /// How long a body may go on after it was told; `None` is for ever.
    pub(crate) grace: Option<Duration>,
    /// Whether the body is told by the engine's own token alone, later than by us.
    pub(crate) told_by_engine: bool,
}

/// The running heartbeat of an attempt; dropping it stops it.
pub(crate) struct Heartbeat {
    pulse: Arc<Mutex<Pulse>>,
    task: AbortOnDropHandle<()>,
}

impl Heartbeat {
    /// Starts to beat.
    pub(crate) fn start(
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
        cancellation: Cancellation,
        rhythm: Rhythm,
    ) -> Self {
        let pulse = Arc::new(Mutex::new(Pulse::new(
            Arc::clone(&lease),
            Arc::clone(&source),
            cancellation,
            rhythm,
        )));
        let beating = keep_beating(Arc::clone(&pulse), lease, source);
        let task = tokio::spawn(beating.in_current_span());
        Self { pulse, task: AbortOnDropHandle::new(task) }
    }

    /// Stops for good, so that nothing older is recorded later, and hands over what beats.
    pub(crate) async fn stop(self) -> Stopped {
        let idle = self.pulse.try_lock().is_ok_and(|mut pulse| {
            pulse.stopped = true;
            true
        });
        self.task.abort();
        if !idle {
            // A beat is on its way: it ends at its next await, cancelled.
            let _ = self.task.await;
        }
        Stopped { pulse: self.pulse }
    }
}

/// A heartbeat that beats no more by itself.
pub(crate) struct Stopped {
    pulse: Arc<Mutex<Pulse>>,
}

impl Stopped {
    /// Asks the server once what it wants of this attempt.
    pub(crate) async fn ask(&self) {
        self.pulse.lock().await.ask().await;
    }

    /// Sends the newest details once more.
    pub(crate) async fn beat(&self) {
        self.pulse.lock().await.beat().await;
    }

    /// Leaves the newest details where the answer to the server takes them from.
    pub(crate) async fn leave_newest(&self) {
        let pulse = self.pulse.lock().await;
        if let Some(details) = pulse.newest().filter(|details| !details.is_empty()) {
            pulse.lease.leave(details).await;
        }
    }

    /// How many beats were acknowledged.
    pub(crate) async fn beats(&self) -> u64 {
        self.pulse.lock().await.beats
    }
}

/// What woke the task.
enum Wake {
    Time,
    Asked,
    ToldToStop,
}

async fn keep_beating(pulse: Arc<Mutex<Pulse>>, lease: Arc<dyn Lease>, source: Arc<dyn Source>) {
    let mut told = false;
    loop {
        let Some(due) = pulse.lock().await.next_wake() else { return };
        let wake = tokio::select! {
            biased;
            () = lease.told_to_stop(), if !told => Wake::ToldToStop,
            () = source.acknowledgements().asked() => Wake::Asked,
            () = sleep_until(due) => Wake::Time,
        };
        let mut pulse = pulse.lock().await;
        if pulse.stopped {
            return;
        }
        pulse.notice_lateness(due);
        if !pulse.look_at_clocks() {
            return;
        }
        match wake {
            Wake::ToldToStop => {
                told = true;
                pulse.told_by_engine();
                pulse.ask().await;
            }
            Wake::Asked => pulse.beat().await,
            Wake::Time if pulse.is_beat_due() => pulse.beat().await,
            Wake::Time => {}
        }
    }
}

/// Everything that one beat needs and changes.
struct Pulse {
    lease: Arc<dyn Lease>,
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
    stopped: bool,
    beats: u64,
}

/// When the body was last seen to move.
struct Progress {
    count: u64,
    seen: Instant,
}

impl Pulse {
    fn new(
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
            progress: Progress { count: source.progress(), seen: rhythm.started },
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
    fn next_wake(&self) -> Option<Instant> {
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

    fn is_beat_due(&self) -> bool {
        let now = Instant::now();
        [self.beat_at(), self.last_call].into_iter().flatten().any(|moment| moment <= now)
    }

    /// Says once an episode that something kept this task from running in time.
    fn notice_lateness(&mut self, due: Instant) {
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
    fn look_at_clocks(&mut self) -> bool {
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
        let count = self.source.progress();
        if count != self.progress.count {
            self.progress = Progress { count, seen: now };
        } else if self.stall_at().is_some_and(|moment| moment <= now) {
            let still = now - self.progress.seen;
            let message = stalled(still, self.source.saves());
            tracing::warn!(target: "autobeat", ?still, saves = self.source.saves(), "stalled");
            if self.cancellation.cancel_with(CancelReason::Stalled, message) {
                self.begin_grace(CancelReason::Stalled);
            }
        }
    }

    /// Sends the newest details and acts on the answer.
    async fn beat(&mut self) {
        let sent = Instant::now();
        self.last_call = self.last_call.filter(|moment| *moment > sent);
        let limit = self.limit(sent);
        if limit.is_zero() {
            return;
        }
        let Some(details) = self.newest() else {
            self.next_beat = None;
            self.begin_grace(CancelReason::CheckpointInvalid);
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
    fn newest(&self) -> Option<Details> {
        match self.source.newest(&self.lease.converter()) {
            Ok(details) => Some(details),
            Err(error) => {
                self.cancellation.cancel_with(CancelReason::CheckpointInvalid, error.to_string());
                None
            }
        }
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
                self.cancellation.cancel_with(CancelReason::CheckpointTooLarge, message);
                self.begin_grace(CancelReason::CheckpointTooLarge);
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
    async fn ask(&mut self) {
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
        if self.cancellation.cancel(reason) {
            tracing::info!(
                target: "autobeat",
                ?reason,
                since_last_beat = ?self.renewed.elapsed(),
                "cancelled",
            );
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
    fn told_by_engine(&mut self) {
        if self.rhythm.told_by_engine && self.grace_end.is_some() {
            self.grace_end = self.rhythm.grace.map(|grace| Instant::now() + grace);
        }
    }
}

fn stalled(still: Duration, saves: u64) -> String {
    format!(
        "no progress for {still:.1?} after {saves} saves in this attempt: nothing was saved, \
         committed or touched"
    )
}

/// A little earlier, never later: many attempts that start together do not beat together for ever.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - 0.1 * fastrand::f64())
}

#[cfg(test)]
mod tests;
