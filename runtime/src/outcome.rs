//! How the end of an attempt is answered to the server: one table, as one function.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};
use temporalio_sdk::activities::ActivityError;

use crate::cancel::{self, CancelReason, Cancellation, Cancelled};

/// The next attempt after a shutdown or a hand-over starts at once: another worker waits for the work.
const AT_ONCE: Duration = Duration::from_millis(1);

/// How the body of an attempt ended.
pub(crate) enum End<T> {
    /// It returned a value, whatever was requested meanwhile.
    Completed(T),
    /// It returned an error.
    Failed(ActivityError),
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// It was dropped: it did not stop within its grace.
    Dropped,
}

/// What to do about it.
pub(crate) enum Outcome<T> {
    /// Complete with the value.
    Complete(T),
    /// Somebody else completes the activity later; the details stay.
    CompletesElsewhere,
    /// Answer that it was cancelled, without a checkpoint: nothing comes after it.
    Cancelled(ActivityError),
    /// Fail, with the newest checkpoint that can be sent.
    Fail { error: ActivityError },
    /// Go on panicking, with the newest checkpoint: the SDK makes a failure of it.
    Panic(Box<dyn Any + Send>),
}

impl<T> Outcome<T> {
    /// The outcome in a word, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Complete(_) => "completed",
            Self::CompletesElsewhere => "completes elsewhere",
            Self::Cancelled(_) => "cancelled",
            Self::Fail { .. } => "failed",
            Self::Panic(_) => "panicked",
        }
    }
}

/// Whether an end says that the attempt was cancelled, rather than something of its own.
pub(crate) fn is_cancelled<T>(end: &End<T>) -> bool {
    match end {
        End::Failed(ActivityError::Cancelled { .. }) | End::Dropped => true,
        End::Failed(ActivityError::Application(failure)) => {
            // An error whose own code panics is no cancellation, and takes nothing else with it.
            let look = || {
                cancel::is_cancelled(failure.as_ref())
                    || cancel::is_cancelled(failure.source_error())
            };
            catch_unwind(AssertUnwindSafe(look)).unwrap_or(false)
        }
        _ => false,
    }
}

/// Whether an end is that of a body that asked between two items, and was told to hand over.
///
/// One that was dropped, or that heard of a cancellation from the engine, was not.
pub(crate) fn hands_over<T>(end: &End<T>, cancellation: &Cancellation) -> bool {
    let is_due = cancellation.told() == Some(CancelReason::HandOver);
    is_due && matches!(end, End::Failed(ActivityError::Application(_))) && is_cancelled(end)
}

/// The outcome table, for an attempt that has saved something, or not.
pub(crate) fn settle<T>(end: End<T>, cancellation: &Cancellation, has_saved: bool) -> Outcome<T> {
    let cancelled = is_cancelled(&end);
    match (end, cancellation.told()) {
        (End::Completed(value), _) => Outcome::Complete(value),
        (End::Panicked(payload), _) => Outcome::Panic(payload),
        (End::Failed(ActivityError::WillCompleteAsync), _) => Outcome::CompletesElsewhere,
        // The body's own answer may carry details for the workflow.
        (End::Failed(error @ ActivityError::Cancelled { .. }), Some(CancelReason::Requested)) => {
            Outcome::Cancelled(error)
        }
        // Without a save since it began the next one would come no further: not at once, for ever.
        (_, Some(CancelReason::HandOver)) if cancelled => {
            by_reason(CancelReason::HandOver, HANDED_OVER.to_owned(), has_saved)
        }
        (_, Some(reason)) if cancelled => {
            let at_once = reason == CancelReason::WorkerShutdown;
            by_reason(reason, cancellation.message(), at_once)
        }
        (End::Failed(ActivityError::Cancelled { .. }), None) => nobody_asked(),
        (End::Failed(error), _) => Outcome::Fail { error },
        // A body is dropped for a reason alone.
        (End::Dropped, _) => by_reason(CancelReason::LeaseLost, String::new(), false),
    }
}

/// What the server is told of a hand-over. A caller by name may have set what the attribute refuses.
const HANDED_OVER: &str = "the attempt has run for its `max_runtime`: the next one goes on where it was \
                           (where the caller of this activity has set a limit of attempts, this was \
                           one of them)";

fn by_reason<T>(reason: CancelReason, message: String, at_once: bool) -> Outcome<T> {
    // An interruption is no failure of the work: a benign one stays out of the metrics and the logs for
    // failures.
    let (interruption, failure) =
        (ApplicationErrorCategory::Benign, ApplicationErrorCategory::Unspecified);
    let (type_name, category, retryable) = match reason {
        // The server refuses this answer for every other reason, and the attempt then hangs until
        // one of its timeouts.
        CancelReason::Requested => return Outcome::Cancelled(ActivityError::cancelled()),
        CancelReason::Paused => ("ActivityPaused", interruption, true),
        CancelReason::Reset => ("ActivityReset", interruption, true),
        CancelReason::WorkerShutdown => ("WorkerShutdown", interruption, true),
        CancelReason::HandOver => ("HandOver", interruption, true),
        CancelReason::NotFound => ("NotFound", failure, true),
        CancelReason::LeaseLost => ("LeaseLost", failure, true),
        CancelReason::DeadlineExceeded => ("DeadlineExceeded", failure, true),
        CancelReason::Stalled => ("ActivityStalled", failure, true),
        CancelReason::CheckpointTooLarge => ("CheckpointTooLarge", failure, false),
        CancelReason::CheckpointInvalid => ("CheckpointInvalid", failure, false),
    };
    let source: Box<dyn std::error::Error + Send + Sync> =
        if message.is_empty() { Box::new(Cancelled::new(reason)) } else { message.into() };
    let failure = ApplicationFailure::builder(source)
        .type_name(type_name.to_owned())
        .category(category)
        .non_retryable(!retryable)
        .maybe_next_retry_delay(at_once.then_some(AT_ONCE))
        .build();
    Outcome::Fail { error: ActivityError::application(failure) }
}

/// The server would refuse a cancellation that nobody asked for, and the attempt would hang.
fn nobody_asked<T>() -> Outcome<T> {
    let failure = ApplicationFailure::builder(
        "the activity answered that it was cancelled, but nobody had asked for that",
    )
    .type_name("UnrequestedCancellation".to_owned())
    .build();
    Outcome::Fail { error: ActivityError::application(failure) }
}

#[cfg(test)]
mod tests;
