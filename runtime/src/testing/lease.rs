//! The lease of an attempt on a stage: the scripted one, and what a server would hold.

use std::sync::Arc;

use futures_util::{
    FutureExt,
    future::{BoxFuture, pending, ready},
};
use temporalio_common::data_converters::PayloadConverter;
use tokio::time::Instant;

use super::stage::Stage;
use crate::{
    checkpoint::Details,
    lease::{BeatError, Lease, Reply},
    watch::Watch,
};

/// The lease of the attempt on this stage.
pub(super) struct StagedLease(pub(super) Arc<Stage>);

impl Lease for StagedLease {
    fn takes_heartbeats(&self) -> bool {
        self.0.is_timed
    }

    fn converter(&self) -> PayloadConverter {
        self.0.server.converter()
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        if self.0.is_crashed() {
            return pending().boxed();
        }
        let answer = self.0.server.beat(details.clone(), until);
        async move {
            let answer = answer.await;
            if answer.is_ok() {
                self.0.hold(&details, true);
            }
            answer
        }
        .boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        self.0.hold(&newest.unwrap_or(kept), false);
        ready(()).boxed()
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        Some(Arc::clone(&self.0) as Arc<dyn Watch>)
    }

    fn is_told_to_stop(&self) -> bool {
        self.0.server.is_told_to_stop()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.0.server.told_to_stop()
    }
}
