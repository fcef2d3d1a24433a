//! Bodies that block: each has a thread of the blocking pool to itself.
//!
//! Where the pool has no thread free, a body is queued. An attempt that is over by then, or that is told to
//! stop, has nothing to begin for, unless there may be something to clean up after an earlier attempt.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    attempt::ActivityReturn,
    cancel::{Cancellation, Cancelled},
    worker::BoxFuture,
};

/// A thread that is free has taken a body up by then: which of the two happened is not left to chance.
const TAKEN_UP_WITHIN: Duration = Duration::from_millis(10);

/// Runs the body of an activity that is no `async fn`, on the blocking pool.
pub fn blocking_body<R, T>(
    cancellation: Cancellation,
    body: impl FnOnce() -> R + Send + 'static,
) -> BoxFuture<Result<T, ActivityError>>
where
    R: ActivityReturn<Output = T>,
    T: Send + 'static,
{
    Box::pin(async move {
        // Decided by whoever is first: the thread that takes the body up, or who knows that it is not to
        // begin.
        let decided = Arc::new(AtomicBool::new(false));
        let is_decided = Arc::clone(&decided);
        let running = run(move || {
            let begins = !is_decided.swap(true, Ordering::AcqRel);
            begins.then(|| body().into_result())
        });
        tokio::select! {
            biased;
            result = running => match result {
                Some(result) => result,
                // It was told not to begin, and the other branch was first.
                None => std::future::pending().await,
            },
            cancelled = not_to_begin(&cancellation, &decided) => Err(cancelled.into()),
        }
    })
}

/// Waits until a body that has not begun is not to begin any more.
async fn not_to_begin(cancellation: &Cancellation, decided: &AtomicBool) -> Cancelled {
    let cancelled = cancellation.cancelled().await;
    sleep(TAKEN_UP_WITHIN).await;
    if cancelled.reason().lets_begin() || decided.swap(true, Ordering::AcqRel) {
        std::future::pending::<()>().await;
    }
    cancelled
}

/// Runs something on the blocking pool; where it panics, so does this.
async fn run<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Still queued when the attempt ends, it never begins.
    match AbortOnDropHandle::new(tokio::task::spawn_blocking(body)).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            // A blocking task is cancelled only when its runtime shuts down, and then nothing
            // polls this future any more.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Runs a method that is not `async`, and has no keys of ours, as the SDK does.
pub fn execute_blocking<T: Send + 'static>(
    body: impl FnOnce() -> Result<T, ActivityError> + Send + 'static,
) -> BoxFuture<Result<T, ActivityError>> {
    let running = tokio::task::spawn_blocking(body);
    Box::pin(async move { running.await.unwrap_or_else(|error| Err(error.into())) })
}
