//! The life of one attempt, from top to bottom: load, run, settle.
//!
//! Written against a [`Lease`], the attempt's facts and a body; never against the SDK's context,
//! which only the SDK can make. A server, the embedded engine and the tests are edges onto it.

mod stored;

use std::{
    any::type_name,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures_util::FutureExt;
use temporalio_common::{
    data_converters::TemporalSerializable, protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::Instant;

#[cfg(feature = "embedded")]
pub(crate) use self::stored::BAD_CHECKPOINT;
#[cfg(feature = "testing")]
pub(crate) use self::stored::excerpt;
use self::stored::{bad_checkpoint, say_resumed};
use crate::{
    cancel::{CancelReason, Cancellation},
    checkpoint::{Checkpoint, CheckpointState, Slot, Source, decode, encode},
    events::say,
    heartbeat::{Heartbeat, Rhythm, Stopped},
    lease::{Answer, Failed, Lease},
    metrics,
    options::{OnBadCheckpoint, Options},
    outcome::{End, Outcome, hands_over, is_cancelled, settle},
};

/// What is known about an attempt before it begins.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) activity_type: String,
    /// Counts from 1.
    pub(crate) number: u32,
    /// What the activity is called in every attempt.
    pub(crate) key: Arc<str>,
    /// The server's own timeout, which a workflow may have set otherwise than declared.
    pub(crate) heartbeat_timeout: Option<Duration>,
    /// When the server started to count.
    pub(crate) started: Instant,
    /// Whether it was so long on its way that it may be over, and followed by another one: a process that
    /// was frozen begins what it was handed before.
    pub(crate) came_late: bool,
    pub(crate) deadline: Option<Instant>,
    /// What the last attempt left, decoded by the client's codec.
    pub(crate) details: Vec<Payload>,
}

/// Which handles a body takes, and so what it can see.
#[derive(Clone, Copy, Debug)]
pub struct Takes {
    pub(crate) checkpoint: bool,
    pub(crate) cancellation: bool,
    pub(crate) context: bool,
}

impl Takes {
    /// A body that takes its inputs alone.
    pub const NOTHING: Self = Self { checkpoint: false, cancellation: false, context: false };

    /// It takes a `Checkpoint`.
    #[must_use]
    pub const fn checkpoint(mut self) -> Self {
        self.checkpoint = true;
        self
    }

    /// It takes a `Cancellation`.
    #[must_use]
    pub const fn cancellation(mut self) -> Self {
        self.cancellation = true;
        self
    }

    /// It takes the SDK's `ActivityContext`.
    #[must_use]
    pub const fn context(mut self) -> Self {
        self.context = true;
        self
    }

    pub(crate) fn can_see_cancellation(self) -> bool {
        self.checkpoint || self.cancellation || self.context
    }

    /// Whether the SDK's context is all that tells the body of a cancellation.
    pub(crate) fn is_told_by_engine(self) -> bool {
        self.context && !self.checkpoint && !self.cancellation
    }
}

/// What a body returns: any `Result` whose error the SDK's `ActivityError` takes by `?`.
#[diagnostic::on_unimplemented(
    message = "an activity cannot return `{Self}`",
    label = "not a `Result` that an activity can return",
    note = "return `Result<T, ActivityError>`, `anyhow::Result<T>`, or `Result<T, E>` with an `E` that is a `std::error::Error`, `Send` and `Sync`"
)]
pub trait ActivityReturn {
    /// The value of an activity that completed.
    type Output;

    /// Turns the error into the SDK's.
    ///
    /// # Errors
    ///
    /// The body's own error.
    fn into_result(self) -> Result<Self::Output, ActivityError>;
}

// Where an error does not fit, the trait above says what would.
#[diagnostic::do_not_recommend]
impl<T, E> ActivityReturn for Result<T, E>
where
    ActivityError: From<E>,
{
    type Output = T;

    fn into_result(self) -> Result<T, ActivityError> {
        self.map_err(ActivityError::from)
    }
}

/// Runs one attempt: the whole of what the attribute adds to a body.
pub(crate) async fn run<S, B, F>(
    options: Options,
    takes: Takes,
    facts: Facts,
    lease: Arc<dyn Lease>,
    body: B,
) -> Result<<F::Output as ActivityReturn>::Output, ActivityError>
where
    S: CheckpointState,
    B: FnOnce(Checkpoint<S>, Cancellation) -> F,
    F: Future<Output: ActivityReturn<Output: TemporalSerializable + 'static>>,
{
    let began = Instant::now();
    let mut measured = metrics::Attempt::begin(&facts.activity_type, lease.task_queue());
    let slot = Arc::new(load::<S>(options, takes, &facts, lease.as_ref())?);
    let cancellation = Cancellation::new();
    let ending = Ending { slot: Arc::clone(&slot), cancellation: cancellation.clone() };
    let checkpoint = Checkpoint::new(Arc::clone(&slot), cancellation.clone());
    measured.loaded(checkpoint.is_resumed());
    let mut heartbeat = Heartbeat::start(
        Arc::clone(&lease),
        Arc::clone(&slot) as Arc<dyn Source>,
        cancellation.clone(),
        rhythm(options, takes, &facts, lease.as_ref()),
        measured.measured(),
    );
    heartbeat.has_begun().await;
    let handed_in = cancellation.clone();
    let end = match cancellation.told() {
        // It came too late, or for nothing: another attempt may be at work.
        Some(reason) if facts.came_late && !reason.lets_begin() => End::Dropped,
        _ => run_body(|| body(checkpoint, handed_in), &cancellation).await,
    };

    let stopped = heartbeat.stop().await;
    if is_cancelled(&end) && !cancellation.is_told() && !hands_over(&end, &cancellation) {
        // The body knew before the heartbeat did, by the SDK's token or by the clock: the answer
        // depends on why.
        stopped.find_reason().await;
    }
    if is_cancelled(&end) {
        // A request to cancel is answered in its own way, and may have come while it cleaned up.
        stopped.look_for_request().await;
    }
    let outcome = settle(end, &cancellation, slot.saves() > 0);
    measured.ended(outcome.name(), cancellation.told());
    say!(
        debug,
        activity_type = facts.activity_type,
        attempt = facts.number,
        outcome = outcome.name(),
        took = ?began.elapsed(),
        saves = slot.saves(),
        beats = stopped.beats(),
        "settled",
    );
    // Handles that outlive the attempt, in tasks of the body's own, speak for nothing any more.
    cancellation.cancel(CancelReason::LeaseLost);
    let answered = AssertUnwindSafe(answer(outcome, stopped, lease.as_ref())).catch_unwind().await;
    // The last of what users made: a destructor that panics takes no answer with it, and no process.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(ending)));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(slot)));
    answered.unwrap_or_else(|payload| resume_unwind(payload))
}

/// Ends what an attempt handed out, on every way out of it, its own drop included.
struct Ending<S> {
    slot: Arc<Slot<S>>,
    cancellation: Cancellation,
}

impl<S> Drop for Ending<S> {
    fn drop(&mut self) {
        self.cancellation.cancel(CancelReason::LeaseLost);
        self.slot.show_nothing();
    }
}

/// Loads what the last attempt left.
fn load<S: CheckpointState>(
    options: Options,
    takes: Takes,
    facts: &Facts,
    lease: &dyn Lease,
) -> Result<Slot<S>, ActivityError> {
    let details = facts.details.clone();
    if details.is_empty() || !takes.checkpoint {
        // Details that the body does not ask for stay as they are: the heartbeat carries them on.
        return Ok(Slot::new(None, details));
    }
    let attempt = facts.number;
    match decode::<S>(&lease.converter(), &details) {
        Ok(value) => {
            if value.is_some() {
                say_resumed(facts);
            }
            Ok(Slot::new(value, details))
        }
        Err(error) if options.bad_checkpoint() == OnBadCheckpoint::Restart => {
            say!(
                warn,
                activity_type = facts.activity_type,
                attempt,
                state = type_name::<S>(),
                "the stored details are not a checkpoint of this type; starting afresh",
            );
            // Such an error quotes what it could not read.
            say!(debug, attempt, %error, "the stored details");
            Ok(Slot::new(None, details))
        }
        Err(error) => Err(bad_checkpoint::<S>(options, facts, &error)),
    }
}

fn rhythm(options: Options, takes: Takes, facts: &Facts, lease: &dyn Lease) -> Rhythm {
    // What is longer than this is never over, and no instant is that far away.
    let ever = |length: Duration| (length < NEVER).then_some(length);
    // Where nothing is kept there is nothing to go on from.
    let is_kept = takes.checkpoint && lease.takes_heartbeats();
    let longest = options.runs_at_most().filter(|_| is_kept).and_then(ever);
    Rhythm {
        interval: options.interval(facts.heartbeat_timeout),
        is_declared: options.declares_interval(),
        timeout: facts.heartbeat_timeout.and_then(ever),
        started: facts.started,
        asks_first: facts.came_late,
        deadline: facts.deadline,
        hand_over: longest.and_then(|longest| facts.started.checked_add(longest)),
        stall_timeout: options.stalls_after().and_then(ever),
        grace: options.grace(takes.can_see_cancellation()).and_then(ever),
        told_by_engine: takes.is_told_by_engine(),
    }
}

/// A hundred years.
const NEVER: Duration = Duration::from_hours(100 * 365 * 24);

/// Polls the body in place until it ends or is given up; it is dropped on return.
///
/// A body that is ready wins over a cancellation, but not over the clock: once its lease is over it is
/// not polled again. A destructor that panics while the body is dropped changes nothing about why.
async fn run_body<F>(
    body: impl FnOnce() -> F,
    cancellation: &Cancellation,
) -> End<<F::Output as ActivityReturn>::Output>
where
    F: Future<Output: ActivityReturn>,
{
    // A panic ends the attempt, and nothing that it may have left half-done is looked at again:
    // a checkpoint changes as a whole or not at all.
    let mut is_given_up = false;
    let running = AssertUnwindSafe(async {
        let mut body = pin!(body());
        let in_time = poll_fn(|context| {
            if cancellation.is_over_by_clock() {
                return Poll::Ready(None);
            }
            body.as_mut().poll(context).map(Some)
        });
        let result = tokio::select! {
            biased;
            result = in_time => result,
            () = cancellation.given_up() => None,
        };
        is_given_up = result.is_none();
        // Turning an error into the SDK's is users' code as well.
        result.map(ActivityReturn::into_result)
    });
    match running.catch_unwind().await {
        Ok(Some(Ok(value))) => End::Completed(value),
        Ok(Some(Err(error))) => End::Failed(error),
        Ok(None) => End::Dropped,
        Err(_) if is_given_up => {
            say!(warn, "a destructor panicked while the body was dropped");
            End::Dropped
        }
        Err(payload) => End::Panicked(payload),
    }
}

/// Leaves the newest checkpoint where the answer takes it, and answers.
///
/// The answer is handed to the engine; the heartbeat sees to it that the server learns of it.
async fn answer<T: TemporalSerializable + 'static>(
    outcome: Outcome<T>,
    stopped: Stopped,
    lease: &dyn Lease,
) -> Result<T, ActivityError> {
    match &outcome {
        Outcome::CompletesElsewhere => stopped.beat().await,
        Outcome::Fail { .. } | Outcome::Panic(_) => stopped.leave_newest().await,
        Outcome::Complete(_) | Outcome::Cancelled(_) => {}
    }
    if stopped.can_say()
        && let Some(answer) = write_down(&outcome, lease)
        && stopped.see_answered(answer).await
    {
        return Err(ActivityError::WillCompleteAsync);
    }
    if lease.is_alone_heard() {
        // Also where nothing could be said: the engine would say it for another attempt.
        return Err(ActivityError::WillCompleteAsync);
    }
    match outcome {
        Outcome::Complete(value) => Ok(value),
        Outcome::CompletesElsewhere => Err(ActivityError::WillCompleteAsync),
        Outcome::Cancelled(error) | Outcome::Fail { error } => Err(error),
        Outcome::Panic(payload) => resume_unwind(payload),
    }
}

/// An outcome as an answer that can be given again; `None` where there is none to give.
fn write_down<T: TemporalSerializable + 'static>(
    outcome: &Outcome<T>,
    lease: &dyn Lease,
) -> Option<Answer> {
    match outcome {
        Outcome::Complete(value) => {
            // A result that cannot be encoded becomes a failure, which is the SDK's to make.
            let encode = AssertUnwindSafe(|| encode(&lease.converter(), value));
            catch_unwind(encode).ok()?.ok().map(Answer::Completed)
        }
        Outcome::Cancelled(_) => Some(Answer::Cancelled),
        Outcome::Fail { error: ActivityError::Application(failure) } => {
            // What an error says of itself is users' code.
            catch_unwind(AssertUnwindSafe(|| Failed::of(failure))).ok().map(Answer::Failed)
        }
        Outcome::CompletesElsewhere | Outcome::Fail { .. } => None,
        Outcome::Panic(payload) => Some(Answer::Failed(Failed::of_panic(payload.as_ref()))),
    }
}

#[cfg(test)]
mod tests;
