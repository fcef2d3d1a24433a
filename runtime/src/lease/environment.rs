//! The lease of an attempt in the SDK's `ActivityEnvironment`, which has no server: heartbeats go to
//! whoever observes them there, and its `cancel` is a request.
//!
//! Nothing public tells such a context from a worker's, so it is known by what no server ever sends.

use std::time::SystemTime;

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use temporalio_common::data_converters::PayloadConverter;
use temporalio_sdk::activities::{ActivityContext, ActivityInfo};
use tokio::time::Instant;

use super::{BeatError, Lease, Reply};
use crate::{cancel::CancelReason, checkpoint::Details, events::say};

/// What an attempt there has where a test sets nothing else. A server's token is a message, which this word
/// is not, and its runs have identifiers that it makes.
const TOKEN: &[u8] = b"test";
const RUN_ID: &str = "test-run";
const TIME: Option<SystemTime> = Some(SystemTime::UNIX_EPOCH);

/// Somebody who observes, and a token to be cancelled by.
pub(crate) struct EnvironmentLease {
    context: ActivityContext,
}

impl EnvironmentLease {
    pub(crate) fn new(context: ActivityContext) -> Self {
        Self { context }
    }

    /// Whether an attempt with this information runs there: few tests set all of it.
    pub(crate) fn is_meant(info: &ActivityInfo) -> bool {
        let times = [info.scheduled_time, info.started_time, info.current_attempt_scheduled_time];
        info.task_token == TOKEN
            || info.workflow_run_id.as_deref() == Some(RUN_ID)
            || times.contains(&TIME)
    }

    async fn record(&self, details: &Details) {
        let recorded = match details.record_value(self.context.clone()) {
            Some(recording) => recording.await,
            None => self.context.record_heartbeat(()).await,
        };
        if let Err(error) = recorded {
            say!(warn, %error, "the environment did not take the heartbeat");
        }
    }
}

impl Lease for EnvironmentLease {
    /// The default one: that of the environment is nowhere to be asked for.
    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, details: Details, _: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        async move {
            self.record(&details).await;
            Ok(Reply::GoOn)
        }
        .boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        let details = newest.unwrap_or(kept);
        if details.is_empty() {
            return ready(()).boxed();
        }
        async move { self.record(&details).await }.boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.context.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.context.cancelled().boxed()
    }

    /// Nothing there could ask for anything else.
    fn unspoken_reason(&self) -> CancelReason {
        CancelReason::Requested
    }
}
