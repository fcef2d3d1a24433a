//! Our own lane: direct calls about an attempt by its task token.
//!
//! They are made once: the client's hidden retries would keep a beat alive for longer than it is
//! true. Each carries a header that tells it from the SDK's own, for proxies and whoever reads a trace.

use std::{fmt::Display, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use temporalio_client::{
    Client, NamespacedClient, RetryOptions,
    grpc::WorkflowService,
    request_extensions::RetryConfigForCall,
    tonic::{Code, IntoRequest, Request, Status, metadata::MetadataValue},
};
use temporalio_common::{
    data_converters::{ActivitySerializationContext, SerializationContextData},
    error::{OutgoingActivityError, OutgoingError},
    payload_visitor::encode_payloads,
    protos::temporal::api::{
        common::v1::{Payload, Payloads},
        failure::v1::Failure,
        workflowservice::v1::{
            RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
            RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
            RespondActivityTaskFailedRequest,
        },
    },
};
use tokio::time::Instant;

use super::{Answer, BeatError, Reply, answer::Failed};
use crate::{cancel::CancelReason, checkpoint::Details};

/// Our own way to the server, for one attempt.
pub(super) struct Lane {
    pub(super) client: Client,
    pub(super) token: Vec<u8>,
}

impl Lane {
    /// The details as they go out: after the client's codec, which is user code and may panic.
    pub(super) async fn encode(&self, details: &Details) -> Result<Payloads, BeatError> {
        if details.is_empty() {
            return Ok(Payloads::default());
        }
        let encoding = async {
            let codec = self.client.data_converter().codec();
            codec.encode(&activity_data(), details.payloads.clone()).await
        };
        match AssertUnwindSafe(encoding).catch_unwind().await {
            Ok(encoded) => Ok(Payloads { payloads: encoded.map_err(BeatError::new)? }),
            Err(_) => Err(BeatError::new("the codec panicked")),
        }
    }

    /// Sends a heartbeat; none of these details erase what is stored.
    pub(super) async fn beat(&self, details: Payloads, until: Instant) -> Result<Reply, BeatError> {
        let request = RecordActivityTaskHeartbeatRequest {
            task_token: self.token.clone(),
            details: (!details.payloads.is_empty()).then_some(details),
            identity: self.client.identity(),
            namespace: self.client.namespace(),
            ..Default::default()
        };
        let mut request = single(request);
        request.set_timeout(until.saturating_duration_since(Instant::now()));
        let mut client = self.client.clone();
        match WorkflowService::record_activity_task_heartbeat(&mut client, request).await {
            Ok(response) => Ok(reply(response.into_inner())),
            Err(status) if status.code() == Code::NotFound => {
                Ok(Reply::Stop(CancelReason::NotFound))
            }
            Err(status) => Err(beat_error(status)),
        }
    }

    /// Says how the attempt ended; a failure carries the details that were left for it.
    pub(super) async fn say(&self, answer: &Answer, left: Option<&Details>) -> Result<(), Status> {
        match answer {
            Answer::Completed(result) => self.say_completed(result).await,
            Answer::Failed(failed) => self.say_failed(failed, left).await,
            Answer::Cancelled => self.say_cancelled().await,
        }
    }

    async fn say_completed(&self, result: &Payload) -> Result<(), Status> {
        let request = RespondActivityTaskCompletedRequest {
            task_token: self.token.clone(),
            result: Some(self.encode_result(result).await?),
            identity: self.client.identity(),
            namespace: self.client.namespace(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        let said = WorkflowService::respond_activity_task_completed(&mut client, single(request));
        said.await.map(drop)
    }

    async fn say_failed(&self, failed: &Failed, left: Option<&Details>) -> Result<(), Status> {
        let request = RespondActivityTaskFailedRequest {
            task_token: self.token.clone(),
            failure: Some(self.failure(failed).await?),
            identity: self.client.identity(),
            namespace: self.client.namespace(),
            last_heartbeat_details: self.encode_left(left).await?,
            ..Default::default()
        };
        let mut client = self.client.clone();
        let said = WorkflowService::respond_activity_task_failed(&mut client, single(request));
        said.await.map(drop)
    }

    /// A result, after the client's codec.
    pub(super) async fn encode_result(&self, result: &Payload) -> Result<Payloads, Status> {
        let codec = self.client.data_converter().codec();
        let encoded = codec.encode(&activity_data(), vec![result.clone()]).await;
        Ok(Payloads { payloads: encoded.map_err(unavailable)? })
    }

    /// What was left for a failure, likewise.
    pub(super) async fn encode_left(
        &self,
        left: Option<&Details>,
    ) -> Result<Option<Payloads>, Status> {
        match left.filter(|details| !details.is_empty()) {
            Some(details) => self.encode(details).await.map(Some).map_err(unavailable),
            None => Ok(None),
        }
    }

    pub(super) async fn failure(&self, failed: &Failed) -> Result<Failure, Status> {
        let converter = self.client.data_converter();
        let failure = OutgoingActivityError::Application(Box::new(failed.failure()));
        let mut failure = converter.to_failure(&activity_data(), OutgoingError::Activity(failure));
        encode_payloads(&mut failure, converter.codec(), &activity_data())
            .await
            .map_err(unavailable)?;
        Ok(failure)
    }

    async fn say_cancelled(&self) -> Result<(), Status> {
        let request = RespondActivityTaskCanceledRequest {
            task_token: self.token.clone(),
            identity: self.client.identity(),
            namespace: self.client.namespace(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        let said = WorkflowService::respond_activity_task_canceled(&mut client, single(request));
        said.await.map(drop)
    }
}

fn activity_data() -> SerializationContextData {
    SerializationContextData::Activity(ActivitySerializationContext::new())
}

/// A request that is made once, with our header.
pub(super) fn single<T>(request: T) -> Request<T> {
    let mut request = request.into_request();
    request.metadata_mut().insert("autobeat-lane", MetadataValue::from_static("ours"));
    request.extensions_mut().insert(RetryConfigForCall(RetryOptions::no_retries()));
    request
}

/// A heartbeat that was not taken: for load, or for another reason that may pass.
pub(super) fn beat_error(status: Status) -> BeatError {
    match status.code() {
        Code::ResourceExhausted => BeatError::for_load(status),
        _ => BeatError::new(status),
    }
}

fn reply(response: RecordActivityTaskHeartbeatResponse) -> Reply {
    if response.cancel_requested {
        Reply::Stop(CancelReason::Requested)
    } else if response.activity_reset {
        Reply::Stop(CancelReason::Reset)
    } else if response.activity_paused {
        Reply::Stop(CancelReason::Paused)
    } else {
        Reply::GoOn
    }
}

/// A codec may fail for a moment, as one that asks a service for its keys.
fn unavailable(error: impl Display) -> Status {
    Status::unavailable(error.to_string())
}

/// Whether the same answer may be taken later: not where the server knows it, or will never take it.
pub(super) fn may_pass(status: &Status) -> bool {
    !matches!(
        status.code(),
        Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition | Code::Unimplemented
    )
}

#[cfg(test)]
mod tests;
