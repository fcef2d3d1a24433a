//! How it is answered, and that it is left alone.

use super::{Mutation, of};

const ATTEMPT: &str = "attempt.rs";
const OUTCOME: &str = "outcome.rs";
const STOPPED: &str = "heartbeat/stopped.rs";
const ANSWERED: &str = "heartbeat/answered.rs";
const BEATS: &str = "heartbeat/beats.rs";
const TRIES: &str = "heartbeat/tries.rs";
const SERVER: &str = "lease/server.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
    of(
        "an answer that the SDK lost is not said again",
        SERVER,
        "fn can_say(&self) -> bool {
        true",
        "fn can_say(&self) -> bool {
        false",
    ),
    of(
        "an answer that the server has is said again",
        ANSWERED,
        "reply != Some(Reply::Stop(CancelReason::NotFound))",
        "reply.is_none_or(|_| true)",
    ),
    of(
        "another answer is said than the SDK was given",
        ATTEMPT,
        "catch_unwind(encode).ok()?.ok().map(Answer::Completed)",
        "catch_unwind(encode).ok()?.ok().map(|_| Answer::Cancelled)",
    ),
    of(
        "the SDK answers for an attempt that a reset gave another number",
        SERVER,
        "self.is_succeeded() || self.by_name().is_some()",
        "false",
    ),
    of(
        "a cancellation in a shutdown is left to the SDK",
        STOPPED,
        "matches!(answer, Answer::Cancelled) && pulse.shuts_down(now)",
        "matches!(answer, Answer::Cancelled) && false",
    ),
    of(
        "it is tried for ever",
        TRIES,
        "(self.end > now).then(|| self.end.min(now + length))",
        "Some(now + length)",
    ),
    of(
        "beats go on though the server knows the attempt no more",
        BEATS,
        "            self.next_beat = None;
            self.last_call = None;
            return;",
        "            return;",
    ),
    of(
        "a pause is answered as cancelled",
        OUTCOME,
        "CancelReason::Requested => return Outcome::Cancelled(ActivityError::cancelled()),
        CancelReason::Paused =>",
        "CancelReason::Requested | CancelReason::Paused => {
            return Outcome::Cancelled(ActivityError::cancelled());
        }
        #[allow(unreachable_patterns)]
        CancelReason::Paused =>",
    ),
    of(
        "a cancellation wins over a body that is done",
        OUTCOME,
        "(End::Completed(value), _) => Outcome::Complete(value),",
        "(End::Completed(_), Some(reason)) => by_reason(reason, cancellation.message(), false),
        (End::Completed(value), None) => Outcome::Complete(value),",
    ),
];
