//! The lease of a local activity, which has no heartbeat: its worker is its workflow's worker.

use std::time::{Duration, SystemTime};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use temporalio_common::data_converters::PayloadConverter;
use temporalio_sdk::activities::ActivityContext;
use tokio::time::Instant;

use super::{BeatError, Lease, Reply};
use crate::{cancel::CancelReason, checkpoint::Details, metrics::TaskQueue};

/// The timers of the SDK and ours differ by less.
const SHORT_OF_THE_DEADLINE: Duration = Duration::from_millis(100);

/// Nowhere to beat to, but a token to be cancelled by.
pub(crate) struct LocalLease {
    context: ActivityContext,
    /// When the SDK says that its time is over.
    deadline: Option<SystemTime>,
}

impl LocalLease {
    pub(crate) fn new(context: ActivityContext, deadline: Option<SystemTime>) -> Self {
        Self { context, deadline }
    }
}

impl Lease for LocalLease {
    fn takes_heartbeats(&self) -> bool {
        false
    }

    fn task_queue(&self) -> Option<TaskQueue<'_>> {
        Some(TaskQueue::of(self.context.info()))
    }

    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, _: Details, _: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        ready(Ok(Reply::GoOn)).boxed()
    }

    fn leave(&self, _: Option<Details>, _: Details) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.context.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.context.cancelled().boxed()
    }

    /// The SDK cancels a local activity for its workflow, and when its time is over: it does not say for which.
    fn unspoken_reason(&self) -> CancelReason {
        reason(self.deadline, SystemTime::now())
    }
}

fn reason(deadline: Option<SystemTime>, now: SystemTime) -> CancelReason {
    let is_over = deadline.is_some_and(|deadline| deadline <= now + SHORT_OF_THE_DEADLINE);
    if is_over { CancelReason::DeadlineExceeded } else { CancelReason::Requested }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_at_the_deadline_is_told_for_it() {
        let now = SystemTime::now();
        let told = |left: Duration| reason(Some(now + left), now);
        assert_eq!(told(Duration::from_secs(1)), CancelReason::Requested);
        assert_eq!(told(Duration::from_millis(20)), CancelReason::DeadlineExceeded);
        assert_eq!(reason(Some(now), now + Duration::from_secs(1)), CancelReason::DeadlineExceeded);
        assert_eq!(reason(None, now), CancelReason::Requested);
    }
}
