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

mod progress;
mod pulse;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::pulse::Pulse;
use crate::{cancel::Cancellation, checkpoint::Source, lease::Lease};

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
        let mut pulse = self.pulse.lock().await;
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

#[cfg(test)]
mod tests;
