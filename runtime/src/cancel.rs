//! How a body learns that its attempt should stop, and why.
//!
//! Invariants:
//! - the reason is stored before the token fires, so whoever wakes by the token finds it;
//! - a reason is only ever replaced by one that says more about how to answer: see
//!   [`CancelReason::supersedes`];
//! - "over" fires once, after the grace or at once for a reason that leaves none; from then on the
//!   body's future is dropped as soon as no [shield](Cancellation::shield) is held;
//! - the end by the clock is looked at before each poll of the body: who tells it may be late, on a
//!   process that was frozen, and another attempt may run by then.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// Why an attempt was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum CancelReason {
    /// The workflow, or somebody through it, cancelled the activity.
    Requested = 1,
    /// The activity was paused; it goes on from its checkpoint when it is unpaused.
    Paused,
    /// The activity was reset; a new attempt starts at once.
    Reset,
    /// This worker shuts down; another one takes over from the checkpoint.
    WorkerShutdown,
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
    pub(crate) const ALL: [Self; 10] = [
        Self::Requested,
        Self::Paused,
        Self::Reset,
        Self::WorkerShutdown,
        Self::NotFound,
        Self::LeaseLost,
        Self::DeadlineExceeded,
        Self::Stalled,
        Self::CheckpointTooLarge,
        Self::CheckpointInvalid,
    ];

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == code)
    }

    /// Whether another attempt may start at any moment, so that no grace is left.
    #[must_use]
    pub(crate) fn leaves_no_grace(self) -> bool {
        matches!(self, Self::LeaseLost | Self::DeadlineExceeded)
    }

    /// Whether a further attempt would only end the same way.
    fn is_final(self) -> bool {
        matches!(self, Self::CheckpointTooLarge | Self::CheckpointInvalid)
    }

    /// Whether a request to cancel that comes later is the better one to answer with.
    pub(crate) fn yields_to_a_request(self) -> bool {
        matches!(self, Self::Paused | Self::Reset | Self::WorkerShutdown | Self::Stalled)
    }

    /// Whether this reason, learned later, is the better one to answer with.
    ///
    /// A request to cancel is the only reason that the server lets us answer as cancelled, and it
    /// may come while the body still cleans up after a pause. A lost lease ends every grace.
    fn supersedes(self, earlier: Self) -> bool {
        match self {
            Self::LeaseLost | Self::DeadlineExceeded => {
                !earlier.leaves_no_grace() && !earlier.is_final()
            }
            Self::Requested => earlier.yields_to_a_request(),
            _ => false,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Requested => "the activity was cancelled",
            Self::Paused => "the activity was paused",
            Self::Reset => "the activity was reset",
            Self::WorkerShutdown => "the worker shuts down",
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

/// The error of an attempt that should stop.
///
/// Return it with `?`, through any error type: the attempt is then answered to the server in the
/// way that its [reason](Self::reason) needs. A body that catches it and returns `Ok` completes.
///
/// ```
/// # use autobeat::{CancelReason, Cancelled};
/// fn explain(cancelled: &Cancelled) -> &'static str {
///     match cancelled.reason() {
///         CancelReason::Requested => "somebody cancelled it",
///         CancelReason::WorkerShutdown => "goes on elsewhere",
///         _ => "something else",
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Cancelled {
    evidence: Evidence,
}

/// What [`find`] looks for: the SDK wraps the error that `?` took in a box that hides its type, but
/// its sources stay visible, so the reason travels as one.
#[derive(Clone, Copy, Debug)]
struct Evidence {
    reason: CancelReason,
}

impl Cancelled {
    pub(crate) fn new(reason: CancelReason) -> Self {
        Self { evidence: Evidence { reason } }
    }

    /// Why the attempt should stop.
    #[must_use]
    pub fn reason(&self) -> CancelReason {
        self.evidence.reason
    }

    /// Whether somebody asked for the cancellation, so that nothing comes after this attempt.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.reason() == CancelReason::Requested
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cancelled: {}", self.evidence.reason)
    }
}

impl Error for Cancelled {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.evidence)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(formatter)
    }
}

impl Error for Evidence {}

/// Whether an error is or carries a [`Cancelled`], at any depth of its sources.
pub(crate) fn is_cancelled(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Evidence>() || error.is::<Cancelled>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Tells a body that its attempt should stop.
///
/// Take it as a parameter before the inputs. It is cheap to clone into tasks.
///
/// ```
/// # use autobeat::{Cancellation, Cancelled};
/// async fn wait_for(cancellation: &Cancellation) -> Result<(), Cancelled> {
///     cancellation.check()?; // between two steps
///     cancellation // around a long wait
///         .run_until_cancelled(tokio::time::sleep(std::time::Duration::from_secs(60)))
///         .await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Cancellation {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    reason: AtomicU8,
    token: CancellationToken,
    over: CancellationToken,
    message: OnceLock<(CancelReason, String)>,
    shields: watch::Sender<usize>,
    began: Instant,
    /// When nobody may run any more, in nanoseconds since it began.
    ends_after: AtomicU64,
}

impl Cancellation {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::new(State {
                reason: AtomicU8::new(0),
                token: CancellationToken::new(),
                over: CancellationToken::new(),
                message: OnceLock::new(),
                shields: watch::Sender::new(0),
                began: Instant::now(),
                ends_after: AtomicU64::new(u64::MAX),
            }),
        }
    }

    /// Fails when the attempt should stop; costs a nanosecond.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] with the reason.
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(Cancelled::new(reason)),
        }
    }

    /// Whether the attempt should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Waits until the attempt should stop.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    pub async fn cancelled(&self) -> Cancelled {
        self.state.token.cancelled().await;
        // The reason is stored before the token fires.
        Cancelled::new(self.reason().unwrap_or(CancelReason::LeaseLost))
    }

    /// Runs a future until it is ready or the attempt should stop, whichever is first.
    ///
    /// A future that is ready wins over a cancellation.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the attempt should stop; the future is dropped then.
    ///
    /// # Cancel safety
    ///
    /// As that of `future`.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            cancelled = self.cancelled() => Err(cancelled),
        }
    }

    /// Keeps the body from being dropped within a short critical section.
    ///
    /// The section runs to its end although the grace is over, or the lease: keep it far shorter
    /// than the heartbeat timeout. A killed process is not stopped by a shield.
    pub async fn shield<F: Future>(&self, section: F) -> F::Output {
        let _shield = Shield::raise(Arc::clone(&self.state));
        section.await
    }

    /// A token for code that takes one; cancelling it does not cancel the attempt.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.state.token.child_token()
    }

    /// The reason of the cancellation, if there is one.
    #[inline]
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        match self.state.reason.load(Ordering::Acquire) {
            0 => None,
            code => CancelReason::from_code(code),
        }
    }

    /// Says that the attempt should stop; `true` when that was news.
    pub(crate) fn cancel(&self, reason: CancelReason) -> bool {
        let replace = |code| match CancelReason::from_code(code) {
            Some(earlier) if !reason.supersedes(earlier) => None,
            _ => Some(reason as u8),
        };
        let news =
            self.state.reason.fetch_update(Ordering::AcqRel, Ordering::Acquire, replace).is_ok();
        self.state.token.cancel();
        if reason.leaves_no_grace() {
            self.state.over.cancel();
        }
        news
    }

    /// As [`cancel`](Self::cancel), with what the server should be told about it.
    pub(crate) fn cancel_with(&self, reason: CancelReason, message: String) -> bool {
        let news = self.cancel(reason);
        if news {
            // Only the first message is kept: it belongs to what happened first.
            let _ = self.state.message.set((reason, message));
        }
        news
    }

    /// What [`cancel_with`](Self::cancel_with) said, or the reason in words.
    pub(crate) fn message(&self) -> String {
        match (self.state.message.get(), self.reason()) {
            (Some((said_of, message)), Some(reason)) if *said_of == reason => message.clone(),
            (_, Some(reason)) => reason.to_string(),
            (_, None) => String::new(),
        }
    }

    /// Says that the grace is over.
    pub(crate) fn give_up(&self) {
        self.state.over.cancel();
    }

    /// Sets when the attempt is over by the clock, whether anybody says so or not.
    pub(crate) fn ends_at(&self, end: Option<Instant>) {
        let after = |end: Instant| end.saturating_duration_since(self.state.began).as_nanos();
        let nanos = end.and_then(|end| u64::try_from(after(end)).ok()).unwrap_or(u64::MAX);
        self.state.ends_after.store(nanos, Ordering::Release);
    }

    /// Whether the body must not be polled any more, by the clock.
    pub(crate) fn is_over_by_clock(&self) -> bool {
        let ends_after = self.state.ends_after.load(Ordering::Acquire);
        ends_after != u64::MAX
            && self.state.began.elapsed() >= Duration::from_nanos(ends_after)
            && *self.state.shields.borrow() == 0
    }

    /// Waits until the body is to be dropped.
    pub(crate) async fn given_up(&self) {
        self.state.over.cancelled().await;
        let mut shields = self.state.shields.subscribe();
        // The sender lives in `self`, so this cannot fail.
        let _ = shields.wait_for(|raised| *raised == 0).await;
    }
}

/// Counts a critical section for as long as it lives, also when its future is dropped.
struct Shield {
    state: Arc<State>,
}

impl Shield {
    fn raise(state: Arc<State>) -> Self {
        state.shields.send_modify(|raised| *raised += 1);
        Self { state }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        self.state.shields.send_modify(|raised| *raised -= 1);
    }
}

#[cfg(test)]
mod tests;
