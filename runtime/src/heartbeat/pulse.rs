//! One attempt's clocks, and what is due by each of them.
//!
//! Invariants:
//! - every moment that [`next_wake`](Pulse::next_wake) names is either acted upon when it has come,
//!   or moved: a moment that stays in the past would wake the task without an end;
//! - nothing here waits, and no code of users runs here: what is due becomes an order once the newest
//!   details are encoded, and what became of it comes back. Who listens, who measures, and what drops a
//!   state that is held no more, is theirs as well: it is left for [`Afterwards`]. (But for a waker, which an
//!   executor of their own may have made.)

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Rhythm,
    cancelling::Question,
    engine::EngineLane,
    pressure::Pressure,
    progress::{Moves, Progress},
    traffic::Traffic,
};
use crate::{
    cancel::{CancelReason, Cancellation},
    checkpoint::{Details, Source},
    events::{guarded, say},
    lease::{Lease, Peers},
    metrics::Measured,
};

/// How far before its deadline an attempt sends a last beat.
const LAST_CALL: Duration = Duration::from_millis(500);

/// How late a beat must be, at least, before it counts as a sign of a blocked runtime.
const NOTABLE_LATENESS: Duration = Duration::from_secs(1);

/// The longest time for the engine to tell the server how an attempt ended.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// How far away the next wake is where nothing is due: further than any clock.
pub(super) const NOTHING_DUE: Duration = Duration::from_hours(100 * 365 * 24);

/// Everything that an attempt's heartbeat knows.
pub(super) struct Pulse {
    pub(super) lease: Arc<dyn Lease>,
    pub(super) source: Arc<dyn Source>,
    pub(super) cancellation: Cancellation,
    pub(super) rhythm: Rhythm,
    pub(super) next_beat: Option<Instant>,
    /// Until when the body waits for the first answer, at most, where the server is asked first.
    pub(super) asks_until: Option<Instant>,
    /// When the last beat went out, on either lane; `None` where the next one does not wait for its turn.
    pub(super) last_beat: Option<Instant>,
    pub(super) last_call: Option<Instant>,
    /// When the last acknowledged beat was sent.
    pub(super) renewed: Instant,
    pub(super) traffic: Traffic,
    pub(super) pressure: Pressure,
    /// Asked for at the first beat, as the lease's connection is.
    peers: OnceLock<Arc<Peers>>,
    pub(super) engine: Option<EngineLane>,
    /// How many beats were refused since the last acknowledged one.
    pub(super) failures: u32,
    pub(super) question: Option<Question>,
    /// Whether the engine's token fired for what no report of its own was told, once it is known that it fired.
    pub(super) shuts_down: Option<bool>,
    pub(super) kept: Details,
    pub(super) unfit: Option<Unfit>,
    pub(super) progress: Progress,
    pub(super) grace_end: Option<Instant>,
    pub(super) late: bool,
    /// Whether the task makes ready what is due.
    pub(super) prepares: bool,
    pub(super) stopped: bool,
    pub(super) beats: u64,
    measured: Measured,
    afterwards: Afterwards,
}

/// What runs users' code, and so waits until the lock of the pulse is free: it may take its time, and whoever
/// ends the attempt would wait for that.
#[derive(Default)]
pub(super) struct Afterwards(Vec<Box<dyn FnOnce() + Send>>);

impl Afterwards {
    fn push(&mut self, run: impl FnOnce() + Send + 'static) {
        self.0.push(Box::new(run));
    }

    pub(super) fn run(self) {
        self.0.into_iter().for_each(guarded);
    }
}

/// The version that turned out not to be sendable.
pub(super) struct Unfit {
    pub(super) version: u64,
    /// Whether the next beat carries what was kept, whatever was saved since.
    pub(super) gives_way: bool,
}

impl Pulse {
    pub(super) fn new(
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
        cancellation: Cancellation,
        rhythm: Rhythm,
        measured: Measured,
    ) -> Self {
        let now = Instant::now();
        let beats = lease.takes_heartbeats();
        if !beats {
            // Nobody will ever acknowledge anything: there is nothing to wait for.
            source.acknowledgements().acknowledge(u64::MAX);
        }
        let asks = beats && rhythm.asks_first;
        let pulse = Self {
            next_beat: beats.then(|| if asks { now } else { now + phase(rhythm.interval) }),
            asks_until: asks.then(|| now + rhythm.interval),
            last_beat: None,
            last_call: rhythm
                .deadline
                .filter(|_| beats)
                .map(|deadline| deadline - LAST_CALL.min(rhythm.interval / 2)),
            renewed: rhythm.started,
            traffic: Traffic::default(),
            pressure: Pressure::new(rhythm.interval, rhythm.timeout, rhythm.is_declared),
            peers: OnceLock::new(),
            engine: lease.engine().map(|rules| EngineLane::new(rules, now)),
            failures: 0,
            question: None,
            shuts_down: None,
            kept: source.seed(),
            unfit: None,
            progress: Progress::since(now, source.as_ref()),
            grace_end: None,
            late: false,
            prepares: false,
            stopped: false,
            beats: 0,
            lease,
            source,
            cancellation,
            rhythm,
            measured,
            afterwards: Afterwards::default(),
        };
        pulse.publish_end();
        pulse
    }

    /// Leaves something for when the lock is free.
    pub(super) fn afterwards(&mut self, run: impl FnOnce() + Send + 'static) {
        self.afterwards.push(run);
    }

    /// Whoever unlocks takes it, and runs it then.
    pub(super) fn take_afterwards(&mut self) -> Afterwards {
        let abandoned = self.traffic.take_abandoned();
        if !abandoned.is_empty() {
            self.drop_details(abandoned);
        }
        std::mem::take(&mut self.afterwards)
    }

    /// Whether anybody observes the metrics.
    pub(super) fn is_measured(&self) -> bool {
        self.measured.is_observed()
    }

    /// Tells the metrics something.
    pub(super) fn measure(&mut self, tell: impl FnOnce(&Measured) + Send + 'static) {
        if self.is_measured() {
            let measured = self.measured.clone();
            self.afterwards(move || tell(&measured));
        }
    }

    /// Holds these details no more: they may be the last that hold a state.
    pub(super) fn drop_details(&mut self, details: impl Send + 'static) {
        self.afterwards(move || drop(details));
    }

    /// What is known together with the other attempts of the connection.
    pub(super) fn peers(&self) -> &Peers {
        self.peers.get_or_init(|| self.lease.peers().unwrap_or_default())
    }

    /// The body has ended: nothing is due any more, and no grace runs.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.grace_end = None;
    }

    /// Whether the body may begin: where the server is asked first, once it has answered, or does not.
    pub(super) fn lets_begin(&mut self, now: Instant) -> bool {
        let is_answered = self.beats > 0 || self.cancellation.is_told();
        if self.asks_until.is_some_and(|until| until <= now || is_answered) {
            self.asks_until = None;
            // Until now there was no work that could have moved.
            self.progress.begins(now);
        }
        self.asks_until.is_none()
    }

    /// When there is something to do next; `None` when never.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let moments = [
            self.asks_until,
            self.beat_at(now),
            self.record_at(now),
            self.end(),
            self.stall_at(),
            self.look_at(),
            self.rhythm.hand_over,
            self.grace_end,
            self.question.as_ref().map(|question| question.until),
        ];
        // A local activity may have nothing due, but can still be told to stop.
        let far = now + NOTHING_DUE;
        (!self.stopped).then(|| moments.into_iter().flatten().min().unwrap_or(far))
    }

    /// When the next beat goes out: with its interval, before the deadline, or for a `commit`.
    pub(super) fn beat_at(&self, now: Instant) -> Option<Instant> {
        let next = self.next_beat?;
        let commit =
            self.commit_at(now).map(|commit| if self.failures > 0 { next } else { commit });
        [Some(next), self.last_call, commit].into_iter().flatten().min()
    }

    /// When a beat goes out that somebody waits for: as soon as nothing older can land after it.
    pub(super) fn commit_at(&self, now: Instant) -> Option<Instant> {
        // Whoever waits is told of the cancellation instead.
        (!self.cancellation.is_told()).then_some(())?;
        let wanted = self.source.acknowledgements().wanted()?;
        let on_its_way = self.traffic.carries(wanted);
        (!on_its_way).then(|| self.traffic.settles_from(wanted, now))
    }

    pub(super) fn record_at(&self, now: Instant) -> Option<Instant> {
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
    pub(super) fn end(&self) -> Option<Instant> {
        [self.lease_end(), self.rhythm.deadline].into_iter().flatten().min()
    }

    pub(super) fn lease_end(&self) -> Option<Instant> {
        self.lease.takes_heartbeats().then_some(())?;
        self.rhythm.timeout.map(|timeout| self.renewed + timeout)
    }

    /// Lets the body's own poll look at the same clock.
    pub(super) fn publish_end(&self) {
        self.cancellation.ends_at(self.end());
    }

    pub(super) fn stall_at(&self) -> Option<Instant> {
        let stall_timeout = self.rhythm.stall_timeout?;
        let may_stall = self.asks_until.is_none() && !self.cancellation.is_told();
        may_stall.then(|| self.progress.stalls_at(stall_timeout))
    }

    /// When the progress is looked at although no beat does so.
    fn look_at(&self) -> Option<Instant> {
        let looks = self.next_beat.is_none() && self.stall_at().is_some();
        looks.then(|| self.progress.looked + self.rhythm.interval)
    }

    /// Says once an episode that something kept this task from running in time.
    pub(super) fn notice_lateness(&mut self, due: Instant, is_timer: bool, now: Instant) {
        let lateness = now.saturating_duration_since(due);
        self.measure(move |measured| measured.ran(lateness, is_timer));
        let late = self.is_notable(lateness);
        if late && !self.late {
            self.afterwards(move || {
                say!(
                    warn,
                    ?lateness,
                    "the heartbeat is late: something blocked the runtime or stopped the process; \
                     move blocking work into a function that is not `async`",
                );
            });
        }
        // What lands says nothing about the timers.
        self.late = late || (self.late && !is_timer);
    }

    /// Whether something took so long that a heartbeat suffers.
    pub(super) fn is_notable(&self, took: Duration) -> bool {
        took >= NOTABLE_LATENESS.max(self.rhythm.interval / 2)
    }

    /// Looks at every clock but that of the beat; `false` when there is nothing more to do.
    pub(super) fn look_at_clocks(&mut self, moves: Moves, now: Instant) -> bool {
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
        self.look_at_progress(moves, now);
        if is_past(self.rhythm.hand_over) {
            self.rhythm.hand_over = None;
            self.cancellation.cancel(CancelReason::HandOver);
        }
        if self.question.as_ref().is_some_and(|question| question.until <= now) {
            self.answer_by_guess(now);
        }
        if is_past(self.grace_end) {
            self.cancellation.give_up();
            self.stopped = true;
        }
        !self.stopped
    }

    fn look_at_progress(&mut self, moves: Moves, now: Instant) {
        let is_news = self.progress.look(moves, now);
        if is_news || self.stall_at().is_none_or(|moment| moment > now) {
            return;
        }
        if self.late && self.progress.excuse(now + self.rhythm.interval) {
            // Whatever kept this task from running may have kept the body from it.
            return;
        }
        let message = self.progress.stalled(now);
        let (still, saves) = (now - self.progress.seen, self.progress.saves);
        self.afterwards(move || say!(warn, ?still, saves, "stalled"));
        self.measure(Measured::stalled);
        self.cancel_with(CancelReason::Stalled, message);
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

    /// Whether the server may still listen: it has not said that it knows the attempt no more, and the lease
    /// is not over.
    pub(super) fn is_listened_to(&self, now: Instant) -> bool {
        self.next_beat.is_some() && !self.is_over(now)
    }

    /// Whether the server was told that this attempt runs, and has not said that it knows it no more.
    pub(super) fn is_known(&self) -> bool {
        self.has_sent() && self.next_beat.is_some()
    }

    /// How long a request that nobody answers may take to land.
    pub(super) fn settling(&self) -> Duration {
        self.traffic.settling()
    }

    /// Until when the engine has time for an answer, before the server is asked whether it came: never
    /// for so long that the lease ends before it can be told.
    pub(super) fn answer_is_due(&self, now: Instant) -> Instant {
        let interval = self.rhythm.interval;
        // No later than the next beat would go out: trouble that costs no lease costs no answer.
        let due = now + LONGEST_ANSWER.max(2 * self.traffic.round_trip()).min(interval);
        let question = self.settling().max(interval / 4);
        self.lease_end().map_or(due, |end| due.min(end - question.min(end - now)))
    }
}

/// The first beat goes out a little earlier than an interval, never later: many attempts that start
/// together do not beat together.
fn phase(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - 0.1 * fastrand::f64())
}
