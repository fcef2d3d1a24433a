//! The lease on a Temporal server, behind two lanes.
//!
//! *Ours* is a direct call by task token: its answer says why to stop, and it is the
//! acknowledgement that lease time counts from. *The SDK's* is `ActivityContext::record_heartbeat`:
//! throttled and without an answer, but two things hang on it.
//!
//! Invariants:
//! - the SDK gives an attempt up, and swallows even its result, when nothing went through its lane
//!   for the timeout and 5 s; so the details of a beat are recorded there once a timeout;
//! - they are recorded right after that beat, and further apart than the SDK's throttle of
//!   0.8 × timeout: the SDK then sends at once and holds nothing back to send later, over newer
//!   details of ours;
//! - a failure carries the details last recorded there, so the newest are left there before it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use prost::Message;
use temporalio_client::{
    ActivityIdentifier, Client, NamespacedClient, RetryOptions, RpcOptions,
    errors::AsyncActivityError,
    grpc::WorkflowService,
    tonic::{Code, IntoRequest},
};
use temporalio_common::{
    data_converters::{
        ActivitySerializationContext, PayloadConversionError, PayloadConverter,
        SerializationContextData,
    },
    protos::{
        TaskToken,
        temporal::api::{common::v1::Payloads, workflowservice::v1::DescribeNamespaceRequest},
    },
};
use temporalio_sdk::activities::ActivityContext;
use tokio::{sync::OnceCell, time::Instant};

use super::{BeatError, Lease, Reply};
use crate::{cancel::CancelReason, checkpoint::Details};

/// How long past its throttle the SDK's lane is left alone, so that it surely sends at once.
const THROTTLE_MARGIN: Duration = Duration::from_millis(200);

/// How long past the timeout the SDK waits for its own lane before it gives the attempt up.
const SDK_PATIENCE: Duration = Duration::from_secs(5);

/// How far before the SDK loses its patience its lane is served at the latest.
const SERVED_BEFORE: Duration = Duration::from_secs(3);

/// How long an SDK beat may be on its way and still land after a newer one of ours.
///
/// Both take the same connection, where they are some milliseconds apart. A beat that the network
/// delays longer than this can still overwrite a committed value, until our next beat.
const SETTLING: Duration = Duration::from_millis(100);

/// The server's default limit for details, where it does not say its own.
const DEFAULT_SIZE_LIMIT: usize = 2 * 1024 * 1024;

/// The lease of an attempt that a server handed to this worker.
pub(crate) struct ServerLease {
    context: ActivityContext,
    /// Built at the first beat: most attempts of short activities never need it.
    client: OnceLock<Client>,
    timeout: Option<Duration>,
    sdk_lane: Mutex<SdkLane>,
}

struct SdkLane {
    /// When something last went through, or the attempt began.
    served: Instant,
    /// When an SDK beat can no longer overtake one of ours.
    settled: Instant,
}

impl ServerLease {
    pub(crate) fn new(context: ActivityContext, timeout: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            context,
            client: OnceLock::new(),
            timeout,
            sdk_lane: Mutex::new(SdkLane { served: now, settled: now }),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| self.context.client())
    }

    fn lane(&self) -> std::sync::MutexGuard<'_, SdkLane> {
        self.sdk_lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a beat on our lane, then serves the SDK's where that is due.
    async fn send(&self, details: Details, limit: Duration) -> Result<Reply, BeatError> {
        let limit = self.before_sdk_gives_up(limit);
        let reply = match tokio::time::timeout(limit, self.send_ours(&details, limit)).await {
            Ok(reply) => reply,
            Err(_) => Err(BeatError::new(format!("not acknowledged within {limit:?}"))),
        };
        if !matches!(reply, Ok(Reply::TooLarge { .. })) && self.is_sdk_lane_due(reply.is_ok()) {
            self.record(details).await;
        }
        reply
    }

    async fn send_ours(&self, details: &Details, limit: Duration) -> Result<Reply, BeatError> {
        let size = self.encoded_size(details).await.map_err(BeatError::new)?;
        let size_limit = size_limit(self.client()).await;
        if size > size_limit {
            return Ok(Reply::TooLarge { size, limit: size_limit });
        }
        let token = TaskToken::from(self.context.info().task_token.clone());
        let options =
            RpcOptions::builder().timeout(limit).retry_options(RetryOptions::no_retries()).build();
        let answer = self
            .client()
            .get_async_activity_handle(ActivityIdentifier::TaskToken(token))
            .heartbeat((!details.is_empty()).then(|| details.clone()), options)
            .await;
        match answer {
            Ok(response) if response.cancel_requested => Ok(Reply::Stop(CancelReason::Requested)),
            Ok(response) if response.activity_reset => Ok(Reply::Stop(CancelReason::Reset)),
            Ok(response) if response.activity_paused => Ok(Reply::Stop(CancelReason::Paused)),
            Ok(_) => Ok(Reply::GoOn),
            Err(AsyncActivityError::NotFound(_)) => Ok(Reply::Stop(CancelReason::NotFound)),
            Err(error) => Err(BeatError::new(error)),
        }
    }

    /// Leaves time to serve the SDK's lane although ours does not answer.
    fn before_sdk_gives_up(&self, limit: Duration) -> Duration {
        let Some(timeout) = self.timeout else { return limit };
        let last_moment = self.lane().served + timeout + SDK_PATIENCE - SERVED_BEFORE / 2;
        match last_moment.saturating_duration_since(Instant::now()) {
            Duration::ZERO => limit,
            remaining => limit.min(remaining),
        }
    }

    /// The size of the details on the wire: after the client's codec, which may add to it.
    async fn encoded_size(&self, details: &Details) -> Result<usize, PayloadConversionError> {
        if details.is_empty() {
            return Ok(0);
        }
        let data = SerializationContextData::Activity(ActivitySerializationContext::new());
        let codec = self.client().data_converter().codec();
        let payloads = codec.encode(&data, details.payloads.clone()).await?;
        Ok(Payloads { payloads }.encoded_len())
    }

    fn is_sdk_lane_due(&self, acknowledged: bool) -> bool {
        let Some(timeout) = self.timeout else { return false };
        let idle = self.lane().served.elapsed();
        if acknowledged {
            idle >= timeout.mul_f64(0.8) + THROTTLE_MARGIN
        } else {
            // Unacknowledged details are newer than all that were acknowledged: better recorded
            // than the attempt given up for a few lost beats.
            idle + SERVED_BEFORE >= timeout + SDK_PATIENCE
        }
    }

    /// Records details on the SDK's lane.
    async fn record(&self, details: Details) {
        if let Err(error) = self.context.record_heartbeat(details).await {
            tracing::warn!(target: "autobeat", %error, "the SDK did not take the heartbeat");
        }
        let now = Instant::now();
        let mut lane = self.lane();
        lane.served = now;
        lane.settled = now + SETTLING;
    }
}

impl Lease for ServerLease {
    fn converter(&self) -> PayloadConverter {
        self.client().data_converter().payload_converter().clone()
    }

    fn beat(&self, details: Details, limit: Duration) -> BoxFuture<'_, Result<Reply, BeatError>> {
        self.send(details, limit).boxed()
    }

    fn unsettled_for(&self) -> Duration {
        self.lane().settled.saturating_duration_since(Instant::now())
    }

    fn wants_beat_within(&self) -> Option<Duration> {
        let due = self.lane().served + self.timeout? + SDK_PATIENCE - SERVED_BEFORE;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn leave(&self, details: Details) -> BoxFuture<'_, ()> {
        self.record(details).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        self.context.is_cancelled()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.context.cancelled().boxed()
    }

    /// The SDK's token fires for what a heartbeat of its own learned, for a shutdown, and when it
    /// gives the attempt up; the first our own beat would have said.
    fn unspoken_reason(&self) -> CancelReason {
        match self.timeout {
            Some(timeout) if self.lane().served.elapsed() >= timeout + SDK_PATIENCE => {
                CancelReason::LeaseLost
            }
            _ => CancelReason::WorkerShutdown,
        }
    }
}

/// How large details may be in the client's namespace: asked once a process.
async fn size_limit(client: &Client) -> usize {
    static LIMITS: Mutex<Option<HashMap<String, Arc<OnceCell<usize>>>>> = Mutex::new(None);
    let limit = Arc::clone(
        LIMITS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .entry(client.namespace())
            .or_default(),
    );
    *limit.get_or_try_init(|| ask_size_limit(client)).await.unwrap_or(&DEFAULT_SIZE_LIMIT)
}

/// Fails where asking again later may help.
async fn ask_size_limit(client: &Client) -> Result<usize, ()> {
    let request = DescribeNamespaceRequest { namespace: client.namespace(), ..Default::default() };
    match WorkflowService::describe_namespace(&mut client.clone(), request.into_request()).await {
        Ok(response) => Ok(response
            .into_inner()
            .namespace_info
            .and_then(|info| info.limits)
            .and_then(|limits| usize::try_from(limits.blob_size_limit_error).ok())
            .filter(|limit| *limit > 0)
            .unwrap_or(DEFAULT_SIZE_LIMIT)),
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::Unimplemented) => {
            Ok(DEFAULT_SIZE_LIMIT)
        }
        Err(_) => Err(()),
    }
}
