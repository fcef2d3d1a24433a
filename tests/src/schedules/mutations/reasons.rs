//! Why it is told to stop.

use super::{Mutation, of};

const CANCEL: &str = "cancel/reason.rs";
const CANCELLING: &str = "heartbeat/cancelling.rs";
const ENGINE: &str = "heartbeat/engine.rs";
const PROGRESS: &str = "heartbeat/progress.rs";
const LANE: &str = "lease/lane.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
    of(
        "nobody asks why",
        CANCELLING,
        "let asks = self.lease.takes_heartbeats();",
        "let asks = false;",
    ),
    of(
        "a give-up of the SDK is taken for a shutdown",
        ENGINE,
        "silent >= least && silent <= self.rules.patience + most",
        "silent >= least && silent < Duration::ZERO.min(most)",
    ),
    of(
        "a shutdown is taken for a give-up of the SDK",
        ENGINE,
        "silent >= least && silent <= self.rules.patience + most",
        "silent + least + most > Duration::ZERO",
    ),
    of(
        "a request to cancel does not win over a pause",
        CANCEL,
        "Self::Requested => earlier.yields_to_a_request(),",
        "Self::Requested => false,",
    ),
    of(
        "a pause is taken for a request to cancel",
        LANE,
        "Reply::Stop(CancelReason::Paused)",
        "Reply::Stop(CancelReason::Requested)",
    ),
    of("progress is not seen", PROGRESS, "let moved = count != self.count;", "let moved = false;"),
];
