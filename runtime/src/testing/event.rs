//! What can happen to an attempt, and where.

use std::time::Duration;

use crate::cancel::CancelReason;

/// What happens to an attempt at some point of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The process crashes: nothing more is sent, and what no heartbeat carried is lost.
    ///
    /// Within a `save` it unwinds out of it, which stops a tight loop and a blocking body too. So
    /// destructors run, as they do not in a process that is killed.
    Crash,
    /// A heartbeat carries the newest saved value and is acknowledged, just here.
    Heartbeat,
    /// The attempt is told to stop, and why.
    Cancel(CancelReason),
    /// Heartbeats are refused from here on.
    HeartbeatsFail,
    /// Heartbeats are not answered from here on.
    HeartbeatsHang,
    /// Heartbeats are answered this much later from here on.
    HeartbeatsAreLate(Duration),
    /// Heartbeats are answered as they should be from here on.
    HeartbeatsRecover,
    /// The body does not move any more, until it is told to stop; it notices when it next gives way.
    Stall,
    /// The body panics; at an instant, as soon as it is run again.
    Panic,
}

/// An exact point of an attempt; counts begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Within this save, once the value is stored.
    Save(u64),
    /// When the body gives way for this time.
    GivesWay(u64),
}
