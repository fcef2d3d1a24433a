//! One attempt's clocks, and what is due by each of them.
//!
//! Invariants:
//! - every moment that [`next_wake`](Pulse::next_wake) names is either acted upon when it has come,
//!   or moved: a moment that stays in the past would wake the task without an end;
//! - nothing here waits: a beat that is due is handed out as an [`Order`], and what became of it
//!   comes back as [`landed`](Pulse::landed).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{AbortHandle, AbortRegistration};
use tokio::time::Instant;

use super::{
    Rhythm,
    engine::EngineLane,
    progress::Progress,
    traffic::{Flight, Traffic},
};
use crate::{
    cancel::{CancelReason, Cancellation},
    checkpoint::{Details, Source},
    lease::{BeatError, Lease, Reply, TooLarge},
};

/// How far before its deadline an attempt sends a last beat.
const LAST_CALL: Duration = Duration::from_millis(500);

/// The part of a timeout that is left when a beat goes out at the latest.
const LAST_EIGHTH: u32 = 8;

/// How late a beat must be, at least, before it counts as a sign of a blocked runtime.
const NOTABLE_LATENESS: Duration = Duration::from_secs(1);

/// How long a beat may take where no clock of the attempt bounds it.
const LONGEST_BEAT: Duration = Duration::from_secs(30);

/// How soon the first beat after one that was refused goes out: a tenth of the interval, within these.
const SHORTEST_RETRY: Duration = Duration::from_millis(10);
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// How long a question why to stop is waited for before it is asked again beside it.
const QUESTION_PATIENCE: Duration = Duration::from_millis(500);

/// The longest time for the engine to tell the server how an attempt ended.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// A heartbeat that is due.
pub(super) enum Order {
    /// On the lease's own lane.
    Beat { number: u64, details: Details, until: Instant, abortable: AbortRegistration },
    /// On the engine's.
    Record { details: Details },
}

/// Everything that an attempt's heartbeat knows.
pub(super) struct Pulse {
    pub(super) lease: Arc<dyn Lease>,
    pub(super) source: Arc<dyn Source>,
    pub(super) cancellation: Cancellation,
    pub(super) rhythm: Rhythm,
    pub(super) next_beat: Option<Instant>,
    pub(super) last_call: Option<Instant>,
    /// When the last acknowledged beat was sent.
    pub(super) renewed: Instant,
    pub(super) traffic: Traffic,
    pub(super) engine: Option<EngineLane>,
    /// How many beats were refused since the last acknowledged one.
    pub(super) failures: u32,
    pub(super) question: Option<Question>,
    /// Whether the engine's token fired for what no report of its own was told.
    pub(super) shuts_down: bool,
    pub(super) kept: Details,
    /// The version that turned out not to be sendable.
    pub(super) unfit: Option<u64>,
    pub(super) progress: Progress,
    pub(super) grace_end: Option<Instant>,
    pub(super) late: bool,
    pub(super) stopped: bool,
    pub(super) beats: u64,
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
    pub(super) fn new(
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
        cancellation: Cancellation,
        rhythm: Rhythm,
    ) -> Self {
        let now = Instant::now();
        let beats = lease.takes_heartbeats();
        if !beats {
            // Nobody will ever acknowledge anything: there is nothing to wait for.
            source.acknowledgements().acknowledge(u64::MAX);
        }
        let pulse = Self {
            next_beat: beats.then(|| now + phase(rhythm.interval)),
            last_call: rhythm
                .deadline
                .filter(|_| beats)
                .map(|deadline| deadline - LAST_CALL.min(rhythm.interval / 2)),
            renewed: rhythm.started,
            traffic: Traffic::default(),
            engine: lease.engine().map(|rules| EngineLane::new(rules, now)),
            failures: 0,
            question: None,
            shuts_down: false,
            kept: source.seed(),
            unfit: None,
            progress: Progress::since(now, source.as_ref()),
            grace_end: None,
            late: false,
            stopped: false,
            beats: 0,
            lease,
            source,
            cancellation,
            rhythm,
        };
        pulse.publish_end();
        pulse
    }

    /// The body has ended: nothing is due any more, and no grace runs.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.grace_end = None;
    }

    /// When there is something to do next; `None` when never.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let moments = [
            self.beat_at(now),
            self.record_at(now),
            self.end(),
            self.stall_at(),
            self.grace_end,
            self.question.as_ref().map(|question| question.until),
        ];
        // A local activity may have nothing due, but can still be told to stop.
        let far = now + Duration::from_hours(24);
        (!self.stopped).then(|| moments.into_iter().flatten().min().unwrap_or(far))
    }

    /// When the next beat goes out: with its interval, before the deadline, or for a `commit`.
    fn beat_at(&self, now: Instant) -> Option<Instant> {
        let next = self.next_beat?;
        let commit =
            self.commit_at(now).map(|commit| if self.failures > 0 { next } else { commit });
        [Some(next), self.last_call, commit].into_iter().flatten().min()
    }

    /// When a beat goes out that somebody waits for: as soon as nothing older can land after it.
    fn commit_at(&self, now: Instant) -> Option<Instant> {
        // Whoever waits is told of the cancellation instead.
        (!self.cancellation.is_cancelled()).then_some(())?;
        let wanted = self.source.acknowledgements().wanted()?;
        let on_its_way = self.traffic.carries(wanted);
        (!on_its_way).then(|| self.traffic.clean_from(wanted, now))
    }

    fn record_at(&self, now: Instant) -> Option<Instant> {
        self.next_beat?;
        // In trouble it waits for the beat that says that it is over.
        (!self.is_troubled(now)).then_some(())?;
        self.engine.as_ref()?.due()
    }

    /// Whether a beat was lost, or is not answered in its time.
    pub(super) fn is_troubled(&self, now: Instant) -> bool {
        let in_time = self.traffic.settling().max(self.rhythm.interval);
        self.failures > 0 || self.traffic.oldest().is_some_and(|sent| sent + in_time < now)
    }

    /// When nobody may run any more, but by this attempt's own clocks: its lease or its deadline.
    fn end(&self) -> Option<Instant> {
        [self.lease_end(), self.rhythm.deadline].into_iter().flatten().min()
    }

    fn lease_end(&self) -> Option<Instant> {
        self.lease.takes_heartbeats().then_some(())?;
        self.rhythm.timeout.map(|timeout| self.renewed + timeout)
    }

    /// Lets the body's own poll look at the same clock.
    fn publish_end(&self) {
        self.cancellation.ends_at(self.end());
    }

    fn stall_at(&self) -> Option<Instant> {
        let stall_timeout = self.rhythm.stall_timeout?;
        (!self.cancellation.is_cancelled()).then(|| self.progress.seen + stall_timeout)
    }

    /// Says once an episode that something kept this task from running in time.
    pub(super) fn notice_lateness(&mut self, due: Instant, is_timer: bool, now: Instant) {
        let lateness = now.saturating_duration_since(due);
        let late = lateness >= NOTABLE_LATENESS.max(self.rhythm.interval / 2);
        if late && !self.late {
            tracing::warn!(
                target: "autobeat",
                ?lateness,
                "the heartbeat is late: something blocked the runtime or stopped the process; \
                 move blocking work into a function that is not `async`",
            );
        }
        // What lands says nothing about the timers.
        self.late = late || (self.late && !is_timer);
    }

    /// Looks at every clock but that of the beat; `false` when there is nothing more to do.
    pub(super) fn look_at_clocks(&mut self, now: Instant) -> bool {
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
        if self.question.as_ref().is_some_and(|question| question.until <= now) {
            self.answer_by_guess(now);
        }
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

    /// The heartbeats that are due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Order> {
        let mut orders = Vec::new();
        let is_past = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        let mut record = is_past(self.record_at(now));
        if is_past(self.beat_at(now)) {
            let shared = !record && self.may_share(now);
            record |= shared;
            if shared {
                self.next_beat = Some(now + self.rhythm.interval);
            } else {
                orders.push(self.beat(now));
            }
        }
        if record {
            orders.push(self.record(now));
        }
        orders
    }

    /// Whether the engine's lane carries the beat that is due: where nothing is wrong, the one before it
    /// was ours, nobody waits for an acknowledgement, and two intervals and a retry leave time before
    /// the lease ends.
    fn may_share(&self, now: Instant) -> bool {
        let Some((engine, timeout)) = self.engine.as_ref().zip(self.rhythm.timeout) else {
            return false;
        };
        let interval = self.rhythm.interval;
        engine.takes(now, interval)
            && engine.is_older_than(self.traffic.last_sent())
            && interval <= timeout / 3
            && self.failures == 0
            && self.traffic.open() == 0
            && !self.cancellation.is_cancelled()
            && self.source.acknowledgements().wanted().is_none()
            && self.last_call.is_none_or(|moment| moment > now)
    }

    /// A beat on the lease's own lane, with the newest details.
    pub(super) fn beat(&mut self, now: Instant) -> Order {
        self.last_call = self.last_call.filter(|moment| *moment > now);
        let details = self.newest().unwrap_or_else(|| self.kept.clone());
        let (abort, abortable) = AbortHandle::new_pair();
        let number = self.traffic.send(details.clone(), now, abort);
        self.next_beat = Some(now + self.until_hedge());
        Order::Beat { number, details, until: now + self.longest_beat(), abortable }
    }

    fn record(&mut self, now: Instant) -> Order {
        let details = self.newest().unwrap_or_else(|| self.kept.clone());
        self.traffic.record(details.version, now);
        if let Some(engine) = &mut self.engine {
            engine.recorded(now);
        }
        Order::Record { details }
    }

    /// How long a beat is waited for before the next one goes out beside it.
    fn until_hedge(&self) -> Duration {
        let interval = self.rhythm.interval;
        let first = match self.traffic.round_trip() {
            _ if self.question.is_some() => self.traffic.settling().max(QUESTION_PATIENCE),
            // Nothing was measured yet.
            Duration::ZERO => interval / 2,
            _ => self.traffic.settling().max(interval / 4),
        };
        let doublings = self.traffic.open().saturating_sub(1).min(16);
        first.saturating_mul(1 << doublings).min(self.longest_pause()).max(first.min(interval))
    }

    /// The longest time between two tries where beats are lost: trouble that ends in time costs no
    /// lease.
    pub(super) fn longest_pause(&self) -> Duration {
        let interval = self.rhythm.interval;
        self.rhythm.timeout.map_or(interval, |timeout| interval.max(timeout / LAST_EIGHTH))
    }

    /// The newest details, unless they cannot be sent: then the attempt is cancelled.
    pub(super) fn newest(&mut self) -> Option<Details> {
        // A user's `Serialize` that panics must not end the heartbeat without a word.
        let newest = catch_unwind(AssertUnwindSafe(|| self.source.newest(&self.lease.converter())));
        let error = match newest {
            Ok(Ok(details)) if self.unfit == Some(details.version) => return None,
            Ok(Ok(details)) => return Some(details),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the checkpoint panicked when it was serialised".to_owned(),
        };
        self.cancel_with(CancelReason::CheckpointInvalid, error);
        None
    }

    /// The last details that the server acknowledged, or that it handed out.
    pub(super) fn kept(&self) -> Details {
        self.kept.clone()
    }

    /// How long an answer may take: a slow server is not a lost one, and nothing waits for it.
    pub(super) fn longest_beat(&self) -> Duration {
        self.rhythm.timeout.unwrap_or(LONGEST_BEAT)
    }

    /// Until when the server may still know this attempt, after its body has ended.
    pub(super) fn limit(&self, now: Instant) -> Instant {
        self.end().unwrap_or(now + LONGEST_BEAT)
    }

    /// What became of a beat.
    pub(super) fn landed(&mut self, number: u64, result: Result<Reply, BeatError>, now: Instant) {
        let Some(flight) = self.traffic.land(number) else { return };
        let answered = result.is_ok();
        match result {
            Ok(Reply::TooLarge(by)) => self.too_large(flight.details.version, by, now),
            Ok(reply) => self.acknowledged(flight, reply, now),
            Err(error) => self.not_acknowledged(&error, now),
        }
        if answered && self.question.as_ref().is_some_and(|question| question.beat <= number) {
            self.answer_by_guess(now);
        }
    }

    fn acknowledged(&mut self, flight: Flight, reply: Reply, now: Instant) {
        if reply == Reply::Stop(CancelReason::NotFound) {
            self.cancel(CancelReason::NotFound);
            // Nobody listens any more.
            self.next_beat = None;
            self.last_call = None;
            return;
        }
        self.traffic.acknowledge(&flight, now);
        self.failures = 0;
        self.beats += 1;
        self.renewed = self.renewed.max(flight.sent);
        self.publish_end();
        // Where a later beat was told that nobody listens any more, there is none.
        self.next_beat = self.next_beat.map(|_| self.after(flight.sent).max(now));
        let version = flight.details.version;
        tracing::trace!(target: "autobeat", version, took = ?now - flight.sent, "beat");
        if flight.is_clean {
            self.source.acknowledgements().acknowledge(version);
        }
        if version >= self.kept.version {
            self.kept = flight.details;
        }
        if let Reply::Stop(reason) = reply {
            self.cancel(reason);
        }
    }

    /// When the next beat is due after one that was acknowledged: an interval after the newest, unless the
    /// lease, which counts from the one that was acknowledged, is over too soon after that.
    fn after(&self, sent: Instant) -> Instant {
        let next = self.traffic.last_sent().unwrap_or(sent) + self.rhythm.interval;
        let last = self.lease_end().zip(self.rhythm.timeout);
        last.map_or(next, |(end, timeout)| next.min(end - timeout / LAST_EIGHTH))
    }

    fn too_large(&mut self, version: u64, TooLarge { size, limit }: TooLarge, now: Instant) {
        self.unfit = Some(version);
        self.next_beat = self.next_beat.map(|_| now + self.rhythm.interval);
        let message = format!(
            "the checkpoint takes {size} bytes, the server at most {limit}: keep positions and \
             counts in it, not the data"
        );
        self.cancel_with(CancelReason::CheckpointTooLarge, message);
    }

    fn not_acknowledged(&mut self, error: &BeatError, now: Instant) {
        if self.failures == 0 {
            tracing::warn!(target: "autobeat", %error, "a heartbeat was not acknowledged; trying again");
        }
        let first = (self.rhythm.interval / 10).clamp(SHORTEST_RETRY, LONGEST_RETRY);
        let delay = first.saturating_mul(1 << self.failures.min(16)).min(self.longest_pause());
        self.failures += 1;
        self.next_beat = self.next_beat.map(|_| now + delay);
    }

    /// The details that the engine was given are now on its lane, or were not given to it.
    pub(super) fn recorded(&mut self, version: u64, result: Result<(), TooLarge>, now: Instant) {
        match result {
            Ok(()) => self.traffic.record(version, now),
            // It counts as a report all the same: another try would come to nothing at once.
            Err(by) => self.too_large(version, by, now),
        }
    }

    /// Whether the engine will not tell the server how this attempt ended.
    pub(super) fn is_given_up(&self) -> bool {
        self.engine.as_ref().is_some_and(EngineLane::is_given_up)
    }

    /// Whether the lease is over by this clock.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.end().is_some_and(|end| end <= now)
    }

    /// Whether anything was sent, so that something may be on its way.
    pub(super) fn has_sent(&self) -> bool {
        self.traffic.sent() > 0
    }

    /// Whether the server was told that this attempt runs, and has not said that it knows it no more.
    pub(super) fn is_known(&self) -> bool {
        self.has_sent() && self.next_beat.is_some()
    }

    /// How long a request that nobody answers may take to land.
    pub(super) fn settling(&self) -> Duration {
        self.traffic.settling()
    }

    /// How long the engine has for an answer before the server is asked whether it came.
    pub(super) fn answer_patience(&self) -> Duration {
        self.rhythm.interval.min(LONGEST_ANSWER).max(2 * self.traffic.round_trip())
    }
}

/// The first beat goes out a little earlier than an interval, never later: many attempts that start
/// together do not beat together.
fn phase(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - 0.1 * fastrand::f64())
}
