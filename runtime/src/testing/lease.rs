//! The lease of an attempt on a stage: the scripted one, and what a server would hold.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, pending, ready},
};
use prost::Message;
use temporalio_common::data_converters::PayloadConverter;
use tokio::time::Instant;

use super::stage::Stage;
use crate::{
    cancel::CancelReason,
    checkpoint::{Details, Source},
    lease::{BeatError, Lease, Reply, TooLarge},
    watch::Watch,
};

/// How large details may be where a server's namespace says nothing else.
const LIMIT: usize = 2 * 1024 * 1024;

/// Details as a server would get them: without what is for people alone, where only that is too much.
fn within_limit(details: Details) -> Result<Details, TooLarge> {
    let size = details.payloads.iter().map(Message::encoded_len).sum();
    if size <= LIMIT {
        return Ok(details);
    }
    details.without_progress().map_or(Err(TooLarge { size, limit: LIMIT }), within_limit)
}

/// The newest details as a server would get them, or why it does not.
pub(super) fn newest(source: &dyn Source) -> Result<Details, (CancelReason, String)> {
    // To serialise is users' code.
    let encode = AssertUnwindSafe(|| source.newest(&PayloadConverter::default()));
    let invalid = |why| (CancelReason::CheckpointInvalid, why);
    let details = catch_unwind(encode)
        .map_err(|_| {
            invalid("the checkpoint panicked when it was cloned or serialised".to_owned())
        })?
        .map_err(|error| invalid(error.to_string()))?;
    within_limit(details).map_err(|by| (CancelReason::CheckpointTooLarge, by.to_string()))
}

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
        let details = match within_limit(details) {
            Ok(details) => details,
            Err(too_large) => return ready(Ok(Reply::TooLarge(too_large))).boxed(),
        };
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
        let newest = newest.and_then(|newest| within_limit(newest).ok());
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
