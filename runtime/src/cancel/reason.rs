//! Why an attempt was asked to stop, and which of two reasons is the one to answer with.

use std::fmt;

/// Why an attempt was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum CancelReason {
    /// The workflow, or somebody through it, cancelled the activity.
    Requested = 1,
    /// The activity was paused; it goes on from its checkpoint when it is unpaused.
    Paused,
    /// The activity was reset; a new attempt starts, at once or after the first retry interval.
    Reset,
    /// This worker shuts down; another one takes over from the checkpoint.
    WorkerShutdown,
    /// It has run for its `max_runtime`; the next attempt goes on where it was, wherever there is room.
    ///
    /// Said where the body asks between two items alone: nothing that is on its way is told.
    HandOver,
    /// The server knows this attempt no more: mostly, its workflow is closed.
    NotFound,
    /// Nothing was acknowledged for a whole heartbeat timeout: another attempt may start.
    LeaseLost,
    /// The time that one attempt may take is over: another attempt may start.
    DeadlineExceeded,
    /// The body made no progress for its stall timeout.
    Stalled,
    /// The saved checkpoint is larger than the server takes.
    CheckpointTooLarge,
    /// The saved checkpoint cannot be serialised.
    CheckpointInvalid,
}

impl CancelReason {
    pub(crate) const ALL: [Self; 11] = [
        Self::Requested,
        Self::Paused,
        Self::Reset,
        Self::WorkerShutdown,
        Self::HandOver,
        Self::NotFound,
        Self::LeaseLost,
        Self::DeadlineExceeded,
        Self::Stalled,
        Self::CheckpointTooLarge,
        Self::CheckpointInvalid,
    ];

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == code)
    }

    /// Whether another attempt may start at any moment, so that no grace is left.
    #[must_use]
    pub(crate) fn leaves_no_grace(self) -> bool {
        matches!(self, Self::LeaseLost | Self::DeadlineExceeded)
    }

    /// Whether a body that is told so before it begins has anything to do: to clean up, or to hand over.
    pub(crate) fn lets_begin(self) -> bool {
        matches!(self, Self::Requested | Self::HandOver)
    }

    /// Whether a further attempt would only end the same way.
    fn is_final(self) -> bool {
        matches!(self, Self::CheckpointTooLarge | Self::CheckpointInvalid)
    }

    /// Whether a request to cancel that comes later is the better one to answer with.
    pub(crate) fn yields_to_a_request(self) -> bool {
        matches!(
            self,
            Self::Paused | Self::Reset | Self::WorkerShutdown | Self::HandOver | Self::Stalled
        )
    }

    /// Whether this reason, learned later, is the better one to answer with.
    ///
    /// A request to cancel is the only reason that the server lets us answer as cancelled, and it
    /// may come while the body still cleans up after a pause. A lost lease ends every grace.
    pub(super) fn supersedes(self, earlier: Self) -> bool {
        match self {
            Self::LeaseLost | Self::DeadlineExceeded => {
                !earlier.leaves_no_grace() && !earlier.is_final()
            }
            Self::Requested => earlier.yields_to_a_request(),
            // Which can wait, and of which nothing that is on its way was told.
            _ => earlier == Self::HandOver && self != Self::HandOver,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Requested => "the activity was cancelled",
            Self::Paused => "the activity was paused",
            Self::Reset => "the activity was reset",
            Self::WorkerShutdown => "the worker shuts down",
            Self::HandOver => "the attempt has run for its `max_runtime`",
            Self::NotFound => "the server knows this attempt no more",
            Self::LeaseLost => "no heartbeat was acknowledged for a whole heartbeat timeout",
            Self::DeadlineExceeded => "the time of this attempt is over",
            Self::Stalled => "the activity made no progress",
            Self::CheckpointTooLarge => "the checkpoint is too large",
            Self::CheckpointInvalid => "the checkpoint cannot be serialised",
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.describe())
    }
}
