//! The lease of a local activity, which has no heartbeat: its worker is its workflow's worker.

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use temporalio_common::data_converters::PayloadConverter;
use temporalio_sdk::activities::ActivityContext;
use tokio::time::Instant;

use super::{BeatError, Lease, Reply};
use crate::{cancel::CancelReason, checkpoint::Details, metrics::TaskQueue};

/// Nowhere to beat to, but a token to be cancelled by.
pub(crate) struct LocalLease {
    context: ActivityContext,
}

impl LocalLease {
    pub(crate) fn new(context: ActivityContext) -> Self {
        Self { context }
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

    /// The SDK cancels a local activity for its workflow.
    fn unspoken_reason(&self) -> CancelReason {
        CancelReason::Requested
    }
}
