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
mod beats;
mod cancelling;
mod engine;
mod locked;
mod measure;
mod pressure;
mod progress;
mod pulse;
mod stopped;
mod traffic;
mod tries;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::Abortable, stream::FuturesUnordered};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

pub(crate) use self::stopped::Stopped;
use self::{
    beats::{Due, Order},
    cancelling::Vigil,
    locked::lock,
    progress::Moves,
    pulse::{NOTHING_DUE, Pulse},
};
use crate::{
    cancel::Cancellation,
    checkpoint::{Details, Source},
    events::say,
    lease::{BeatError, Lease, Reply, TooLarge},
    lookout::Post,
    metrics::Measured,
};

/// How long the engine has to wait for an answer that is said before it.
const LONGEST_FIRST_SAY: Duration = Duration::from_secs(1);

/// When what is due in an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) interval: Duration,
    /// Whether somebody declared it, so that it stays as it is.
    pub(crate) is_declared: bool,
    /// The server's heartbeat timeout, if it has one.
    pub(crate) timeout: Option<Duration>,
    pub(crate) started: Instant,
    /// Whether the first beat goes out at once, and the body waits for what the server says to it.
    pub(crate) asks_first: bool,
    pub(crate) deadline: Option<Instant>,
    /// When the attempt is to be followed by the next one, as soon as its body asks.
    pub(crate) hand_over: Option<Instant>,
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
    source: Arc<dyn Source>,
    has_begun: oneshot::Receiver<()>,
    /// Held by the task while beats are on their way, and not while it runs users' code beside them.
    sending: Arc<tokio::sync::Mutex<()>>,
    task: AbortOnDropHandle<()>,
}

impl Heartbeat {
    /// Starts to beat.
    pub(crate) fn start(
        lease: Arc<dyn Lease>,
        source: Arc<dyn Source>,
        cancellation: Cancellation,
        rhythm: Rhythm,
        measured: Measured,
    ) -> Self {
        let pulse = Arc::new(Mutex::new(Pulse::new(
            Arc::clone(&lease),
            Arc::clone(&source),
            cancellation.clone(),
            rhythm,
            measured,
        )));
        let (begins, has_begun) = oneshot::channel();
        let vigil = Vigil { begins: Some(begins), cancellation };
        let sending = Arc::default();
        let beating = keep_beating(
            Arc::clone(&pulse),
            Arc::clone(&lease),
            Arc::clone(&source),
            Arc::clone(&sending),
            vigil,
        );
        let task = AbortOnDropHandle::new(tokio::spawn(beating.in_current_span()));
        Self { pulse, lease, source, has_begun, sending, task }
    }

    /// Waits until the heartbeat knows its clocks: what was just spawned waits behind whoever spawned
    /// it, and a body that blocks its thread at once would keep it there. And, where the server is asked
    /// first, until it has answered, but no longer than an interval.
    pub(crate) async fn has_begun(&mut self) {
        // A task that was dropped before it began goes with its runtime.
        let _ = (&mut self.has_begun).await;
    }

    /// Stops for good, so that nothing older is recorded later, and hands over what beats.
    pub(crate) async fn stop(self) -> Stopped {
        let (is_busy, limit) = {
            let mut pulse = lock(&self.pulse);
            let now = Instant::now();
            pulse.notice_lateness_at_last(now);
            pulse.stop();
            let is_busy = pulse.has_sent() || pulse.cancellation.is_told();
            (is_busy, pulse.limit(now).max(now + LONGEST_FIRST_SAY))
        };
        self.task.abort();
        if is_busy {
            // A beat may be on its way: it ends at its next await, cancelled. Users' code beside that may take
            // its time, or wait for the end of this attempt, and nothing is sent after it.
            let _ = timeout_at(limit, self.sending.lock()).await;
        }
        Stopped::new(Arc::clone(&self.pulse), Arc::clone(&self.lease), Arc::clone(&self.source))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        lock(&self.pulse).stop();
    }
}

/// The newest details, or why they cannot be encoded.
type Encoded = Result<Details, String>;

/// Encodes the newest details: never under the lock of a pulse, since it is users' code and may take its
/// time, or panic.
fn encode(source: &dyn Source, lease: &dyn Lease) -> Encoded {
    match catch_unwind(AssertUnwindSafe(|| source.newest(&lease.converter()))) {
        Ok(newest) => newest.map_err(|error| error.to_string()),
        Err(_) => Err("the checkpoint panicked when it was cloned or serialised".to_owned()),
    }
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

impl Landed {
    /// What the server said to a beat, if anything.
    fn reply(&self) -> Option<Reply> {
        match self {
            Self::Beat(_, Ok(reply)) => Some(*reply),
            _ => None,
        }
    }
}

async fn keep_beating(
    pulse: Arc<Mutex<Pulse>>,
    lease: Arc<dyn Lease>,
    source: Arc<dyn Source>,
    sending: Arc<tokio::sync::Mutex<()>>,
    mut vigil: Vigil,
) {
    let post = Post::take();
    let mut underway = FuturesUnordered::new();
    let (mut told, mut was_slow) = (false, false);
    loop {
        let now = Instant::now();
        if lock(&pulse).lets_begin(now) {
            vigil.begin();
        }
        // Before it is known that the heartbeat goes on, so that whoever stops it waits for this turn.
        let is_sending = sending.lock().await;
        let Some(due) = lock(&pulse).next_wake(now) else { return };
        post.expect(due);
        let wake = tokio::select! {
            biased;
            () = lease.told_to_stop(), if !told => Wake::ToldToStop,
            Some(landed) = underway.next() => Wake::Landed(landed),
            () = source.acknowledgements().asked() => Wake::Asked,
            // A timer for nothing would let a paused clock run away.
            () = sleep_until(due), if due < now + NOTHING_DUE => Wake::Time,
        };
        drop(is_sending);
        told |= matches!(wake, Wake::ToldToStop);
        let moves = Moves::of(source.as_ref());
        let due = lock(&pulse).wake(wake, due, moves, Instant::now());
        if due.is_nothing() {
            continue;
        }
        let began = std::time::Instant::now();
        let newest = encode(source.as_ref(), lease.as_ref());
        let took = began.elapsed();
        if !was_slow && lock(&pulse).is_notable(took) {
            was_slow = true;
            say!(
                warn,
                ?took,
                "the checkpoint took long to be made ready, and no heartbeat went out meanwhile: make \
                 `Clone`, `Serialize` and what shows the progress quick",
            );
        }
        let orders = lock(&pulse).orders(due, &newest, Instant::now());
        for order in orders {
            underway.push(perform_unless_stopped(&pulse, lease.as_ref(), order));
        }
    }
}

impl Pulse {
    /// What follows from a wake: which heartbeats are due now.
    fn wake(&mut self, wake: Wake, due: Instant, moves: Moves, now: Instant) -> Due {
        if self.stopped {
            return Due::NOTHING;
        }
        self.notice_lateness(due, matches!(wake, Wake::Time), now);
        let mut asks = false;
        match wake {
            Wake::Landed(landed) => self.take(landed, now),
            Wake::ToldToStop => asks = self.ask(now),
            Wake::Asked | Wake::Time => {}
        }
        if !self.look_at_clocks(moves, now) {
            return Due::NOTHING;
        }
        let due = self.due(now);
        let due = Due { beat: due.beat || asks, ..due };
        self.prepares = !due.is_nothing();
        due
    }

    /// Says that the task could not run in time, where the body has ended before it could run again.
    fn notice_lateness_at_last(&mut self, now: Instant) {
        let due = self.next_wake(now).filter(|due| self.is_notable(now.duration_since(*due)));
        // Where it makes the details ready, it runs.
        if let Some(due) = due.filter(|_| !self.prepares) {
            self.notice_lateness(due, true, now);
        }
    }

    fn take(&mut self, landed: Landed, now: Instant) {
        match landed {
            Landed::Beat(number, result) => self.landed(number, result, now),
            Landed::Recorded(version, result) => self.recorded(version, result, now),
            Landed::Abandoned => self.measure(Measured::overtaken),
        }
    }
}

/// Carries out an order, unless the heartbeat was stopped since it was given, on another thread.
async fn perform_unless_stopped(pulse: &Mutex<Pulse>, lease: &dyn Lease, order: Order) -> Landed {
    if lock(pulse).stopped {
        return Landed::Abandoned;
    }
    perform(lease, order).await
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
                say!(warn, "the codec panicked: the SDK has no heartbeat");
                Ok(())
            });
            Landed::Recorded(version, recorded)
        }
    }
}

#[cfg(test)]
mod tests;
