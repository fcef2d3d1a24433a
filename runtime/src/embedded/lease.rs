//! The lease of an attempt that beats into the store.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use temporalio_common::data_converters::PayloadConverter;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    error::EmbeddedError,
    store::{Record, Store},
};
use crate::{
    cancel::CancelReason,
    checkpoint::Details,
    events::say,
    lease::{BeatError, Lease, Reply},
};

/// The right of one attempt to run, and the record that it writes.
pub(super) struct StoredLease {
    shared: Arc<Shared>,
    shutdown: CancellationToken,
    /// Beats are numbered when they are sent, since their writes may overtake each other.
    sent: AtomicU64,
}

struct Shared {
    store: Arc<Store>,
    id: String,
    state: Mutex<State>,
}

struct State {
    record: Record,
    written: u64,
    renewed: Instant,
    /// The attempt is over: what a body left behind still writes is refused.
    closed: bool,
}

/// An attempt's time with its lease; dropped, nothing is written for the attempt any more.
pub(super) struct Tenure {
    lease: Arc<StoredLease>,
}

impl Tenure {
    pub(super) fn of(lease: StoredLease) -> Self {
        Self { lease: Arc::new(lease) }
    }

    pub(super) fn lease(&self) -> Arc<StoredLease> {
        Arc::clone(&self.lease)
    }

    /// Ends it and returns the record as it was last written.
    pub(super) fn end(self) -> Record {
        self.lease.close()
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.lease.close();
    }
}

impl StoredLease {
    pub(super) fn new(
        store: Arc<Store>,
        id: &str,
        record: Record,
        shutdown: CancellationToken,
    ) -> Self {
        let state = State { record, written: 0, renewed: Instant::now(), closed: false };
        Self {
            shared: Arc::new(Shared { store, id: id.to_owned(), state: Mutex::new(state) }),
            shutdown,
            sent: AtomicU64::new(0),
        }
    }

    /// Waits for a write that is on its way, and refuses what is queued behind it.
    fn close(&self) -> Record {
        let mut state = self.shared.state();
        state.closed = true;
        state.record.clone()
    }

    /// Waits until nothing was written for the whole timeout, as a server would notice it.
    pub(super) async fn expired(&self, timeout: Duration) {
        loop {
            let Some(end) = self.shared.state().renewed.checked_add(timeout) else {
                return std::future::pending().await;
            };
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }

    /// Writes details off the runtime's threads: a write waits for the disk.
    async fn write(&self, details: Details) -> Result<Reply, BeatError> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let shared = Arc::clone(&self.shared);
        let written = tokio::task::spawn_blocking(move || shared.write(number, &details)).await;
        written.map_err(BeatError::new)?.map_err(BeatError::new)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, number: u64, details: &Details) -> Result<Reply, EmbeddedError> {
        let sent = Instant::now();
        let mut state = self.state();
        if state.closed {
            return Ok(Reply::Stop(CancelReason::NotFound));
        }
        if number > state.written {
            if !details.is_empty() {
                state.record.details.clone_from(&details.payloads);
                self.store.write(&self.id, &state.record)?;
            }
            state.written = number;
        }
        state.renewed = sent;
        Ok(Reply::GoOn)
    }
}

impl Lease for StoredLease {
    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        async move {
            let sent = Instant::now();
            match tokio::time::timeout_at(until, self.write(details)).await {
                Ok(reply) => reply,
                Err(_) => Err(BeatError::not_within(until, sent)),
            }
        }
        .boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        async move {
            let details = newest.unwrap_or(kept);
            if let Err(error) = self.write(details).await {
                say!(error, %error, "the newest checkpoint is not stored");
            }
        }
        .boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.shutdown.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.shutdown.cancelled().boxed()
    }
}
