//! How large details may be: asked beside the beats, never before one that surely fits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use temporalio_client::{
    Client, NamespacedClient, RetryOptions,
    grpc::WorkflowService,
    request_extensions::RetryConfigForCall,
    tonic::{Code, IntoRequest, Status},
};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

/// The server's default limit for details, where it does not say its own.
const DEFAULT: usize = 2 * 1024 * 1024;

/// Details that fit whatever limit a namespace may reasonably have.
const SURELY_FITS: usize = 64 * 1024;

/// How long the question may take: as long as the SDK gives a call, or a part of a longer timeout. An
/// answer that comes over a slow network is worth as much, and nothing waits for it that long.
const PATIENCE: Duration = Duration::from_secs(30);
const PART_OF_TIMEOUT: u32 = 10;

/// How long nobody asks after one who asked in vain.
const RESTS: Duration = Duration::from_secs(1);

/// The limit of one namespace on one connection.
#[derive(Clone, Default)]
pub(super) struct SizeLimit {
    answered: Arc<OnceCell<usize>>,
    /// Until when nobody asks again after one who asked in vain.
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl SizeLimit {
    /// The limit that this client's details are under; all leases of a connection share one.
    pub(super) fn of(client: &Client) -> Self {
        static LIMITS: Mutex<Option<Limits>> = Mutex::new(None);
        let connection = client.connection().worker_grouping_key().as_u128();
        let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
        limits.get_or_insert_default().of(connection, client.namespace())
    }

    pub(super) fn is_known(&self) -> bool {
        self.answered.initialized()
    }

    /// What is known by now.
    pub(super) fn so_far(&self) -> usize {
        self.answered.get().copied().unwrap_or(DEFAULT)
    }

    /// The limit for details of this size: those that could be too large wait until it is known, or
    /// for a quarter of the time that they have.
    pub(super) async fn for_size(&self, size: usize, client: &Client, time: Duration) -> usize {
        if size > SURELY_FITS {
            let _ = timeout(time / 4, self.ask(client, time)).await;
        }
        self.so_far()
    }

    /// Asks, unless the answer is known; where asking again may help, it stays unknown.
    ///
    /// All leases of a connection ask together, and not again at once: a server that refuses this for
    /// load has enough to do.
    pub(super) async fn ask(&self, client: &Client, heartbeat_timeout: Duration) {
        let patience = PATIENCE.max(heartbeat_timeout / PART_OF_TIMEOUT);
        let asking = self.answered.get_or_try_init(|| async {
            if self.rests_until().is_some_and(|rests_until| Instant::now() < rests_until) {
                return Err(None);
            }
            let described = describe(client, patience).await;
            *self.rests_until() = Some(Instant::now() + RESTS);
            described.map_err(Some)
        });
        let _ = asking.await;
    }

    fn rests_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many limits are kept although nobody uses them.
const MOST_UNUSED: usize = 64;

/// The limits by connection and namespace: two clusters may have namespaces of one name.
///
/// Kept for the next attempt, but not for ever: a process may make new connections all its life.
#[derive(Default)]
struct Limits(HashMap<(u128, String), SizeLimit>);

impl Limits {
    fn of(&mut self, connection: u128, namespace: String) -> SizeLimit {
        let key = (connection, namespace);
        if self.0.len() >= MOST_UNUSED && !self.0.contains_key(&key) {
            self.0.retain(|_, limit| Arc::strong_count(&limit.answered) > 1);
        }
        self.0.entry(key).or_default().clone()
    }
}

async fn describe(client: &Client, patience: Duration) -> Result<usize, Status> {
    let mut request =
        DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() }
            .into_request();
    request.set_timeout(patience);
    request.extensions_mut().insert(RetryConfigForCall(RetryOptions::no_retries()));
    match WorkflowService::describe_namespace(&mut client.clone(), request).await {
        Ok(response) => Ok(response
            .into_inner()
            .namespace_info
            .and_then(|info| info.limits)
            .and_then(|limits| usize::try_from(limits.blob_size_limit_error).ok())
            .filter(|limit| *limit > 0)
            .unwrap_or(DEFAULT)),
        // It will not say more.
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::Unimplemented) => {
            Ok(DEFAULT)
        }
        Err(status) => Err(status),
    }
}

#[cfg(test)]
mod tests;
