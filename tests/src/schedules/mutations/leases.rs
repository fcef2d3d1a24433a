//! The lease.

use super::{Mutation, of};

const ATTEMPT: &str = "attempt.rs";
const BEATS: &str = "heartbeat/beats.rs";
const PULSE: &str = "heartbeat/pulse.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
    of(
        "the lease counts from the answer",
        BEATS,
        "self.renewed = self.renewed.max(flight.sent);",
        "self.renewed = now;",
    ),
    of(
        "the first lease counts from when the worker knew",
        PULSE,
        "renewed: rhythm.started,",
        "renewed: now,",
    ),
    of(
        "what came late begins at once",
        ATTEMPT,
        "asks_first: facts.came_late,",
        "asks_first: false,",
    ),
    of(
        "what the server knows no more begins all the same",
        ATTEMPT,
        "Some(reason) if facts.came_late && !reason.lets_begin() => End::Dropped,",
        "Some(reason) if false && !reason.lets_begin() => End::Dropped,",
    ),
    of(
        "no look at the clock before a poll",
        ATTEMPT,
        "if cancellation.is_over_by_clock() {",
        "if false {",
    ),
    of(
        "nobody is told that the lease is over",
        PULSE,
        "is_past(self.lease_end()).then_some(CancelReason::LeaseLost)",
        "None",
    ),
    of(
        "nobody is told that the deadline is over",
        PULSE,
        "let over = if is_past(self.rhythm.deadline) {",
        "let over = if false {",
    ),
    of(
        "the deadline ends no lease",
        PULSE,
        "[self.lease_end(), self.rhythm.deadline].into_iter().flatten().min()",
        "self.lease_end()",
    ),
    of("the grace is never over", PULSE, "if is_past(self.grace_end) {", "if false {"),
];
