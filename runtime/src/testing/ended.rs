//! How an attempt ended, as the server sees it, and what it left.

use std::{fmt, time::Duration};

use temporalio_common::{error::ApplicationFailure, protos::temporal::api::common::v1::Payload};
use temporalio_sdk::activities::ActivityError;

use super::{
    WithoutServer,
    handles::{read, read_all},
    perform::Curtain,
    trial::Trial,
};
use crate::{checkpoint::CheckpointState, input, progress::Progress, worker::Activity};

/// How an attempt ended, as the server sees it, and what it left.
pub struct Ended<A: Activity> {
    curtain: Curtain<A::Output>,
    traces: Traces,
    beats: Vec<(Duration, Vec<Payload>)>,
    took: Duration,
    trial: Trial<A>,
}

/// What an attempt did, once it is over.
#[derive(Clone, Debug)]
pub(super) struct Traces {
    pub(super) saves: u64,
    pub(super) gave_way: u64,
    /// What was saved, where it was written down.
    pub(super) saved: Vec<Payload>,
    /// What the server holds: the details that a next attempt gets.
    pub(super) held: Vec<Payload>,
    /// How many saves it does not have.
    pub(super) lost: u64,
    /// What the newest acknowledged heartbeat carried.
    pub(super) acknowledged: Option<Vec<Payload>>,
    /// How often it saved after it was told to stop; `None` where it was not.
    pub(super) saves_after_told: Option<u64>,
    /// Whether the body was dropped before its end, although it could see why.
    pub(super) was_dropped: bool,
    /// Whether the body caught the crash and went on.
    pub(super) has_caught_it: bool,
}

impl<A: Activity> fmt::Debug for Ended<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ended")
            .field("how", &self.curtain.to_string())
            .field("saves", &self.traces.saves)
            .field("took", &self.took)
            .finish_non_exhaustive()
    }
}

impl<A: Activity> Ended<A> {
    pub(super) fn new(
        curtain: Curtain<A::Output>,
        traces: Traces,
        beats: Vec<(Duration, Vec<Payload>)>,
        took: Duration,
        trial: Trial<A>,
    ) -> Self {
        Self { curtain, traces, beats, took, trial }
    }

    /// What it completed with, if it did.
    #[must_use]
    pub fn output(&self) -> Option<&A::Output> {
        match &self.curtain {
            Curtain::Answered(Ok(output)) => Some(output),
            _ => None,
        }
    }

    /// The failure that it was answered with, if it was; that of a panic as the SDK words it.
    #[must_use]
    pub fn failure(&self) -> Option<&ApplicationFailure> {
        match &self.curtain {
            Curtain::Answered(Err(ActivityError::Application(failure))) => Some(failure),
            _ => None,
        }
    }

    /// The type of that failure, as a workflow sees it: `ActivityPaused`, `LeaseLost`, or the body's own.
    #[must_use]
    pub fn failure_type(&self) -> Option<&str> {
        self.failure().and_then(ApplicationFailure::type_name)
    }

    /// Whether it was answered as cancelled: nothing comes after it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.curtain, Curtain::Answered(Err(ActivityError::Cancelled { .. })))
    }

    /// Whether its process crashed before it was answered.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        matches!(self.curtain, Curtain::Crashed)
    }

    /// Whether another attempt follows, as far as it alone can tell: it crashed, or failed in a way that
    /// is retried.
    #[must_use]
    pub fn is_retried(&self) -> bool {
        self.curtain.is_retried()
    }

    /// All that it saved, in its order.
    ///
    /// # Panics
    ///
    /// Where what was saved is not an `S`.
    #[must_use]
    pub fn saves<S: CheckpointState>(&self) -> Vec<S> {
        read_all(&self.traces.saved)
    }

    /// The heartbeats: when each was sent, on the clock of the attempt, and what it carried.
    ///
    /// # Panics
    ///
    /// Where what was sent is not an `S`.
    #[must_use]
    pub fn beats<S: CheckpointState>(&self) -> Vec<(Duration, Option<S>)> {
        self.beats.iter().map(|(at, details)| (*at, read(details))).collect()
    }

    /// What the newest acknowledged heartbeat carried, if any was.
    ///
    /// # Panics
    ///
    /// Where what was acknowledged is not an `S`.
    #[must_use]
    pub fn acknowledged<S: CheckpointState>(&self) -> Option<S> {
        self.traces.acknowledged.as_deref().and_then(read)
    }

    /// The checkpoint that a next attempt would get, if any.
    ///
    /// # Panics
    ///
    /// Where what the server holds is not an `S`.
    #[must_use]
    pub fn checkpoint<S: CheckpointState>(&self) -> Option<S> {
        read(&self.traces.held)
    }

    /// What people are shown of it by then, if anything: the second of the details that the server holds.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        let shown = self.traces.held.get(1)?;
        input::decode(std::slice::from_ref(shown)).ok()
    }

    /// How long it took on its own clock.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }
}

impl<A> Ended<A>
where
    A: Activity<Instance: Clone, Context: WithoutServer>,
{
    /// The next attempt, which starts from what the server holds, and to which nothing is to happen yet.
    ///
    /// # Panics
    ///
    /// Where there is none, since this one [is not retried](Self::is_retried).
    pub fn next(self) -> Trial<A> {
        assert!(self.is_retried(), "there is no next attempt: this one {}", self.curtain);
        self.trial.next(self.traces.held)
    }
}

impl<T> Curtain<T> {
    pub(super) fn is_completed(&self) -> bool {
        matches!(self, Self::Answered(Ok(_)))
    }

    /// Whether another attempt follows.
    pub(super) fn is_retried(&self) -> bool {
        match self {
            Self::Crashed => true,
            Self::Answered(Err(ActivityError::Application(failure))) => !failure.is_non_retryable(),
            Self::Answered(_) | Self::Endless(_) => false,
        }
    }
}

impl<T> fmt::Display for Curtain<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed => formatter.write_str("crashed"),
            Self::Endless(endless) => endless.fmt(formatter),
            Self::Answered(Ok(_)) => formatter.write_str("completed"),
            Self::Answered(Err(ActivityError::Cancelled { .. })) => {
                formatter.write_str("was cancelled")
            }
            Self::Answered(Err(ActivityError::WillCompleteAsync)) => {
                formatter.write_str("left it to somebody else to complete")
            }
            Self::Answered(Err(ActivityError::Application(failure))) => {
                let type_name = failure.type_name().unwrap_or("no type");
                write!(formatter, "failed ({type_name}): {failure}")
            }
            Self::Answered(Err(_)) => formatter.write_str("failed"),
        }
    }
}
