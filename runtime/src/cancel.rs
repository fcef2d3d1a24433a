//! How a body learns that its attempt should stop, and why.
//!
//! Invariants:
//! - whoever wakes by the token finds the reason, which is only ever replaced by one that says more about how
//!   to answer: see [`told`];
//! - "over" fires once, after the grace or at once for a reason that leaves none; from then on the
//!   body's future is dropped as soon as no [shield](Cancellation::shield) is held;
//! - a hand-over is a reason that fires nothing: it is found where the body asks between two items, and
//!   everybody else goes on as if there were none;
//! - the end by the clock is looked at before each poll of the body: who tells it may be late, on a
//!   process that was frozen, and another attempt may run by then.

mod reason;
mod told;

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::yield_now, time::Instant};
use tokio_util::sync::CancellationToken;

pub use self::reason::CancelReason;
use self::told::Told;

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
    told: Told,
    shields: watch::Sender<usize>,
    began: Instant,
    /// When nobody may run any more, in nanoseconds since it began.
    ends_after: AtomicU64,
}

impl Cancellation {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::new(State {
                told: Told::new(),
                shields: watch::Sender::new(0),
                began: Instant::now(),
                ends_after: AtomicU64::new(u64::MAX),
            }),
        }
    }

    /// Fails when the attempt should stop; costs a nanosecond.
    ///
    /// With `max_runtime` it is also where the attempt hands over: ask where nothing is lost by stopping,
    /// between two items. What waits in [`cancelled`](Self::cancelled) or
    /// [`run_until_cancelled`](Self::run_until_cancelled) is not told of a hand-over.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] with the reason.
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.told() {
            None => Ok(()),
            Some(reason) => Err(Cancelled::new(reason)),
        }
    }

    /// As [`check`](Self::check) within an item, where nothing is handed over.
    pub(crate) fn check_within_item(&self) -> Result<(), Cancelled> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(Cancelled::new(reason)),
        }
    }

    /// Whether the attempt should stop, or hand over.
    ///
    /// Ask [`check`](Self::check) for the reason: [`cancelled`](Self::cancelled) does not return for a
    /// hand-over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.told().is_some()
    }

    /// Waits until the attempt should stop; a hand-over, which `max_runtime` asks for, is told by
    /// [`check`](Self::check) alone.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again.
    pub async fn cancelled(&self) -> Cancelled {
        self.state.told.token.cancelled().await;
        // The reason is stored before the token fires.
        Cancelled::new(self.reason().unwrap_or(CancelReason::LeaseLost))
    }

    /// Waits until the attempt should stop, or hand over, where nothing is on its way.
    pub(crate) async fn cancelled_between_items(&self) -> Cancelled {
        tokio::select! {
            biased;
            () = self.state.told.token.cancelled() => {}
            () = self.state.told.hands_over.cancelled() => {}
        }
        Cancelled::new(self.told().unwrap_or(CancelReason::LeaseLost))
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
    /// than the heartbeat timeout. Between two sections the body is dropped where it should have been; not where
    /// they overlap. A killed process is not stopped by a shield.
    pub async fn shield<F: Future>(&self, section: F) -> F::Output {
        if self.is_over() {
            // The body is dropped here. Code that outlives it goes on.
            yield_now().await;
        }
        let _shield = Shield::raise(Arc::clone(&self.state));
        section.await
    }

    /// A token for code that takes one; cancelling it does not cancel the attempt.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.state.told.token.child_token()
    }

    /// The reason of the cancellation, if there is one that does not wait for the end of an item.
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.told().filter(|reason| *reason != CancelReason::HandOver)
    }

    /// Whether there is such a reason.
    pub(crate) fn is_told(&self) -> bool {
        self.reason().is_some()
    }

    /// What a body is told that asks between two items, and what it is answered with.
    #[inline]
    pub(crate) fn told(&self) -> Option<CancelReason> {
        self.state.told.reason()
    }

    /// Says that the attempt should stop; `true` when that was news.
    pub(crate) fn cancel(&self, reason: CancelReason) -> bool {
        self.state.told.cancel(reason)
    }

    /// As [`cancel`](Self::cancel), with what the server should be told about it.
    pub(crate) fn cancel_with(&self, reason: CancelReason, message: String) -> bool {
        self.state.told.cancel_with(reason, message)
    }

    /// What [`cancel_with`](Self::cancel_with) said, or the reason in words.
    pub(crate) fn message(&self) -> String {
        self.state.told.message()
    }

    /// Says that the grace is over.
    pub(crate) fn give_up(&self) {
        self.state.told.over.cancel();
    }

    /// Sets when the attempt is over by the clock, whether anybody says so or not.
    pub(crate) fn ends_at(&self, end: Option<Instant>) {
        let after = |end: Instant| end.saturating_duration_since(self.state.began).as_nanos();
        let nanos = end.and_then(|end| u64::try_from(after(end)).ok()).unwrap_or(u64::MAX);
        self.state.ends_after.store(nanos, Ordering::Release);
    }

    /// Whether the body is to be dropped, as no section keeps it.
    fn is_over(&self) -> bool {
        let is_given_up = self.state.told.over.is_cancelled();
        self.is_over_by_clock() || is_given_up && *self.state.shields.borrow() == 0
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
        self.state.told.over.cancelled().await;
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
