//! The task that beats for an attempt, and its clocks.
//!
//! Two clocks are kept apart. *Liveness*: this process runs and the server hears of it; that is
//! what a heartbeat says, whatever the body does. *Progress*: the body says that its work moves;
//! only `stall_timeout` looks at it.
//!
//! Invariants:
//! - every beat carries the newest details that can be sent, and the first goes out after one
//!   interval;
//! - lease time counts from when the last acknowledged beat was *sent*: the server's clock for the
//!   next attempt starts later than that, so our body stops before another one starts;
//! - a beat is waited for by nobody: what is late is followed by the next one, what is due goes out
//!   beside it, and no clock stands still meanwhile;
//! - whoever cancels an attempt is this task, and it alone decides when the grace is over: it works
//!   also where the body blocks its thread;
//! - after the grace nothing is sent any more;
//! - what is due is decided under the lock of a [`Pulse`], so whoever sets `stopped` there and then
//!   ends the task knows that nothing older is recorded later.

mod answered;
mod cancelling;
mod engine;
mod progress;
mod pulse;
mod traffic;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::Abortable, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::pulse::{Order, Pulse};
use crate::{
    cancel::Cancellation,
    checkpoint::Source,
    lease::{Answer, BeatError, Lease, Reply, TooLarge},
};

/// How long the engine has to wait for an answer that is said before it.
const LONGEST_FIRST_SAY: Duration = Duration::from_secs(1);

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
    lease: Arc<dyn Lease>,
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
        let beating = keep_beating(Arc::clone(&pulse), Arc::clone(&lease), source);
        let task = tokio::spawn(beating.in_current_span());
        Self { pulse, lease, task: AbortOnDropHandle::new(task) }
    }

    /// Stops for good, so that nothing older is recorded later, and hands over what beats.
    pub(crate) async fn stop(self) -> Stopped {
        let has_sent = {
            let mut pulse = lock(&self.pulse);
            pulse.stop();
            pulse.has_sent()
        };
        self.task.abort();
        if has_sent {
            // A beat may be on its way: it ends at its next await, cancelled.
            let _ = self.task.await;
        }
        Stopped { pulse: self.pulse, lease: self.lease }
    }
}

/// A heartbeat that beats no more by itself.
pub(crate) struct Stopped {
    pulse: Arc<Mutex<Pulse>>,
    lease: Arc<dyn Lease>,
}

impl Stopped {
    /// Finds out why a body was told to stop before the heartbeat was: by the clock, or the server is
    /// asked once.
    pub(crate) async fn find_reason(&self) {
        let order = {
            let (mut pulse, now) = (self.lock(), Instant::now());
            pulse.look_at_clocks(now);
            pulse.ask(now)
        };
        if let Some(order) = order {
            self.perform(order).await;
        }
        let mut pulse = self.lock();
        pulse.answer_by_guess(Instant::now());
        pulse.settle_on_give_up();
    }

    /// Sends the newest details once more.
    pub(crate) async fn beat(&self) {
        let order = self.lock().beat(Instant::now());
        self.perform(order).await;
    }

    async fn perform(&self, order: Order) {
        let until = self.lock().question_ends(Instant::now());
        let Order::Beat { number, .. } = order else { return };
        let landed = match timeout_at(until, perform(self.lease.as_ref(), order)).await {
            Ok(landed) => landed,
            Err(_) => Landed::Beat(number, Err(BeatError::new("not answered in time"))),
        };
        self.lock().take(landed, Instant::now());
    }

    /// Leaves the newest details where the answer to the server takes them from.
    pub(crate) async fn leave_newest(&self) {
        let (newest, kept) = {
            let mut pulse = self.lock();
            (pulse.newest(), pulse.kept())
        };
        let leaving = self.lease.leave(newest, kept);
        if AssertUnwindSafe(leaving).catch_unwind().await.is_err() {
            tracing::warn!(target: "autobeat", "the newest checkpoint cannot be left: its codec panicked");
        }
    }

    /// How many beats were acknowledged.
    pub(crate) fn beats(&self) -> u64 {
        self.lock().beats
    }

    /// Whether an answer that the engine loses could be said again.
    pub(crate) fn can_say_again(&self) -> bool {
        self.lease.can_say() && self.lock().is_known()
    }

    /// Says an answer before the engine is given it, where the engine would make another one of it: a
    /// cancellation in a shutdown becomes a failure, which a server takes as the end of the activity.
    pub(crate) async fn say_first(&self, answer: &Answer) {
        if matches!(answer, Answer::Cancelled) && self.lock().shuts_down {
            let until = Instant::now() + LONGEST_FIRST_SAY;
            self.lease.say(answer, until).await;
        }
    }

    /// Sees to it that the server learns of this answer, which the engine is about to be given.
    pub(crate) fn see_answered(self, answer: Answer) {
        // Not owned by the attempt, which ends here: it ends by itself with the lease at the latest.
        tokio::spawn(answered::see_answered(self.lease, self.pulse, answer).in_current_span());
    }

    fn lock(&self) -> MutexGuard<'_, Pulse> {
        lock(&self.pulse)
    }
}

/// A poisoned lock is as good as any: users' code, which alone may panic within, is caught there.
fn lock(pulse: &Mutex<Pulse>) -> MutexGuard<'_, Pulse> {
    pulse.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What woke the task.
enum Wake {
    Time,
    Asked,
    ToldToStop,
    Landed(Landed),
}

/// What became of an order.
enum Landed {
    Beat(u64, Result<Reply, BeatError>),
    Recorded(u64, Result<(), TooLarge>),
    /// A later beat was acknowledged meanwhile.
    Abandoned,
}

async fn keep_beating(pulse: Arc<Mutex<Pulse>>, lease: Arc<dyn Lease>, source: Arc<dyn Source>) {
    let mut underway = FuturesUnordered::new();
    let mut told = false;
    loop {
        let Some(due) = lock(&pulse).next_wake(Instant::now()) else { return };
        let wake = tokio::select! {
            biased;
            () = lease.told_to_stop(), if !told => Wake::ToldToStop,
            Some(landed) = underway.next() => Wake::Landed(landed),
            () = source.acknowledgements().asked() => Wake::Asked,
            () = sleep_until(due) => Wake::Time,
        };
        told |= matches!(wake, Wake::ToldToStop);
        let orders = lock(&pulse).wake(wake, due, Instant::now());
        underway.extend(orders.into_iter().map(|order| perform(lease.as_ref(), order)));
    }
}

impl Pulse {
    /// What follows from a wake; the heartbeats that are due now.
    fn wake(&mut self, wake: Wake, due: Instant, now: Instant) -> Vec<Order> {
        if self.stopped {
            return Vec::new();
        }
        self.notice_lateness(due, matches!(wake, Wake::Time), now);
        let mut question = None;
        match wake {
            Wake::Landed(landed) => self.take(landed, now),
            Wake::ToldToStop => question = self.ask(now),
            Wake::Asked | Wake::Time => {}
        }
        if !self.look_at_clocks(now) {
            return Vec::new();
        }
        let mut orders = self.due(now);
        orders.extend(question);
        orders
    }

    fn take(&mut self, landed: Landed, now: Instant) {
        match landed {
            Landed::Beat(number, result) => self.landed(number, result, now),
            Landed::Recorded(version, result) => self.recorded(version, result, now),
            Landed::Abandoned => {}
        }
    }
}

/// Carries out an order; user code within, such as a codec, may panic.
async fn perform(lease: &dyn Lease, order: Order) -> Landed {
    match order {
        Order::Beat { number, details, until, abortable } => {
            let beat = AssertUnwindSafe(lease.beat(details, until)).catch_unwind();
            match Abortable::new(beat, abortable).await {
                Ok(Ok(result)) => Landed::Beat(number, result),
                Ok(Err(_)) => Landed::Beat(number, Err(BeatError::new("the heartbeat panicked"))),
                Err(_) => Landed::Abandoned,
            }
        }
        Order::Record { details } => {
            let version = details.version;
            let recording = AssertUnwindSafe(lease.record(details)).catch_unwind();
            let recorded = recording.await.unwrap_or_else(|_| {
                tracing::warn!(target: "autobeat", "the codec panicked: the SDK has no heartbeat");
                Ok(())
            });
            Landed::Recorded(version, recorded)
        }
    }
}

#[cfg(test)]
mod tests;
