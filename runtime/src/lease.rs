//! Where heartbeats go: a server, a file store, a test, or nowhere.
//!
//! The life of an attempt is written against [`Lease`] alone; nothing else knows which one it is.
//!
//! A lease has a lane of its own, whose answers are what lease time counts from. An engine may have
//! a second one, which it insists on and which answers nothing: see [`EngineRules`]. A lease says
//! what each lane is like; *when* which of them carries a beat is the heartbeat's to say.

mod answer;
#[allow(dead_code, unreachable_pub, reason = "`tests` compiles this file as well")]
pub(crate) mod core_rules;
pub(crate) mod environment;
mod lane;
pub(crate) mod local;
mod peers;
mod renumbered;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod scripted;
#[cfg(test)]
mod scripted_server;
pub(crate) mod server;
mod size_limit;
mod succession;

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use temporalio_common::data_converters::PayloadConverter;
use tokio::time::Instant;

pub(crate) use self::{
    answer::{Answer, Failed},
    peers::Peers,
};
#[cfg(feature = "testing")]
use crate::watch::Watch;
use crate::{cancel::CancelReason, checkpoint::Details, metrics::TaskQueue};

/// The right of one attempt to run, kept by heartbeats.
pub(crate) trait Lease: Send + Sync {
    /// Whether there is anybody to beat to.
    fn takes_heartbeats(&self) -> bool {
        true
    }

    /// The task queue that the attempt came from; `None` where there is none.
    fn task_queue(&self) -> Option<TaskQueue<'_>> {
        None
    }

    /// How values become payloads here.
    fn converter(&self) -> PayloadConverter;

    /// Sends one heartbeat, which replaces the stored details, and returns the answer to it.
    ///
    /// It gives up at `until` and retries nothing by itself. Several may be on their way at once.
    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>>;

    /// What the attempts of one connection know together; `None` where an attempt is alone.
    fn peers(&self) -> Option<Arc<Peers>> {
        None
    }

    /// What the engine wants of its own lane; `None` where it has none.
    fn engine(&self) -> Option<EngineRules> {
        None
    }

    /// Hands a heartbeat to the engine's lane, which sends it at once and says nothing about it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`], and nothing was handed over: the engine would fail the attempt for it.
    fn record(&self, _details: Details) -> BoxFuture<'_, Result<(), TooLarge>> {
        ready(Ok(())).boxed()
    }

    /// Leaves details where the answer to the server takes them from: the newest ones, or where
    /// those cannot be sent, the ones that were kept.
    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()>;

    /// Whether a server may lose what was [left](Self::leave) for a failure: a beat says it before, then.
    fn may_lose_what_is_left(&self) -> bool {
        false
    }

    /// Whether an answer that the engine may have lost, or is not to be given, can be [said](Self::say).
    fn can_say(&self) -> bool {
        false
    }

    /// Whether the server is to hear this lease alone, and nothing of the attempt from the engine: what that says
    /// would be refused, or taken for another attempt's.
    fn is_alone_heard(&self) -> bool {
        false
    }

    /// Says an answer on the lease's own lane: `true` when the server knows it, or knows the attempt
    /// no more.
    fn say<'a>(&'a self, _answer: &'a Answer, _until: Instant) -> BoxFuture<'a, bool> {
        ready(true).boxed()
    }

    /// Whether the engine behind the lease asked the attempt to stop, in a way that says not why.
    fn is_told_to_stop(&self) -> bool;

    /// Waits until [`is_told_to_stop`](Self::is_told_to_stop).
    fn told_to_stop(&self) -> BoxFuture<'_, ()>;

    /// Who is told of each exact point of the attempt; `None` but in tests.
    #[cfg(feature = "testing")]
    fn watch(&self) -> Option<Arc<dyn Watch>> {
        None
    }

    /// The best guess why the engine wants the attempt to stop, where a beat did not say.
    fn unspoken_reason(&self) -> CancelReason {
        CancelReason::WorkerShutdown
    }
}

/// What an engine wants of its own lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineRules {
    /// It holds a heartbeat back, and sends it later over newer ones, within this long of the last.
    pub(crate) throttle: Duration,
    /// It gives the attempt up when no heartbeat of its lane has finished for this long.
    pub(crate) patience: Duration,
    /// How far apart its heartbeats are where nothing is wrong.
    pub(crate) spacing: Duration,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Go on.
    GoOn,
    /// Stop, and why.
    Stop(CancelReason),
    /// Not sent: the server would fail the activity.
    TooLarge(TooLarge),
}

/// Details that are larger than the server takes; in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    pub(crate) size: usize,
    pub(crate) limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, limit } = self;
        write!(
            formatter,
            "the checkpoint takes {size} bytes, the server at most {limit}: keep positions and counts in \
             it, not the data"
        )
    }
}

/// A heartbeat that was not acknowledged.
#[derive(Debug)]
pub(crate) struct BeatError {
    message: String,
    is_for_load: bool,
}

impl BeatError {
    pub(crate) fn new(error: impl fmt::Display) -> Self {
        Self { message: error.to_string(), is_for_load: false }
    }

    /// One that the server refused because it has too much to do.
    pub(crate) fn for_load(error: impl fmt::Display) -> Self {
        Self { is_for_load: true, ..Self::new(error) }
    }

    pub(crate) fn is_for_load(&self) -> bool {
        self.is_for_load
    }

    pub(crate) fn not_within(until: Instant, sent: Instant) -> Self {
        Self::new(format!("not acknowledged within {:?}", until.saturating_duration_since(sent)))
    }
}

impl fmt::Display for BeatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lease that says nothing but what it must.
    struct Plain;

    impl Lease for Plain {
        fn converter(&self) -> PayloadConverter {
            PayloadConverter::default()
        }

        fn beat(&self, _: Details, _: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
            ready(Ok(Reply::GoOn)).boxed()
        }

        fn leave(&self, _: Option<Details>, _: Details) -> BoxFuture<'_, ()> {
            ready(()).boxed()
        }

        fn is_told_to_stop(&self) -> bool {
            false
        }

        fn told_to_stop(&self) -> BoxFuture<'_, ()> {
            std::future::pending().boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_has_one_lane_alone_whose_answers_are_kept_unless_it_says_more() {
        assert!(Plain.takes_heartbeats());
        assert!(Plain.task_queue().is_none() && Plain.peers().is_none());
        assert!(Plain.engine().is_none());
        Plain.record(Details::default()).await.unwrap();
        assert!(!Plain.may_lose_what_is_left() && !Plain.can_say() && !Plain.is_alone_heard());
        assert!(Plain.say(&Answer::Cancelled, Instant::now()).await);
        assert_eq!(Plain.unspoken_reason(), CancelReason::WorkerShutdown);
    }

    #[tokio::test(start_paused = true)]
    async fn a_beat_says_why_it_was_not_acknowledged() {
        let refused = BeatError::new("no route");
        assert_eq!((refused.to_string().as_str(), refused.is_for_load()), ("no route", false));
        let load = BeatError::for_load("too much to do");
        assert_eq!((load.to_string().as_str(), load.is_for_load()), ("too much to do", true));
        let sent = Instant::now();
        let late = BeatError::not_within(sent + Duration::from_secs(9), sent);
        assert_eq!(
            (late.to_string().as_str(), late.is_for_load()),
            ("not acknowledged within 9s", false)
        );
        let too_large = TooLarge { size: 17, limit: 4 }.to_string();
        assert!(too_large.contains("takes 17 bytes, the server at most 4"), "{too_large}");
    }
}
