//! Calls as the protocol writes them, and as the rules of an activity read them.

use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use prost::Message;
use serde_json::Value;
use temporalio_client::{callback_based::GrpcRequest, tonic::Status};
use temporalio_common::protos::temporal::api::{
    common::v1::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
    failure::v1::{Failure as FailureMessage, failure::FailureInfo},
    namespace::v1::{NamespaceInfo, namespace_info},
    workflow::v1::PendingActivityInfo,
    workflowservice::v1::{
        DescribeNamespaceResponse, DescribeWorkflowExecutionResponse, GetSystemInfoResponse,
        PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatByIdRequest,
        RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest,
    },
};

use super::{
    activity::{Failure, Flags, Refusal, Started, Terms, Token},
    history::{Answer, Lane, Rpc},
    lane::lane_of,
};

/// What a call asks of the server.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Poll,
    Heartbeat(Token, Option<Vec<Payload>>, usize),
    Complete(Token),
    Fail(Token, Failure, String),
    Cancel(Token),
    /// One of those, about whatever attempt runs, by the names of the activity.
    Named(Box<Self>),
    /// What the server has of the activity.
    Describe,
    DescribeNamespace,
    ShutdownWorker,
    Other(String),
}

impl Request {
    /// Reads a call; the lane is that of whoever made it.
    pub(super) fn read(request: &GrpcRequest) -> anyhow::Result<(Self, Lane)> {
        Self::read_with(request, token)
    }

    /// Reads a call to a server that writes its tokens in another way.
    pub(crate) fn read_with(
        request: &GrpcRequest,
        token: impl Fn(&[u8]) -> anyhow::Result<Token>,
    ) -> anyhow::Result<(Self, Lane)> {
        let proto = request.proto.clone();
        Ok(match request.rpc.as_str() {
            "PollActivityTaskQueue" => (Self::Poll, Lane::Sdk),
            "RecordActivityTaskHeartbeat" => {
                let asked = RecordActivityTaskHeartbeatRequest::decode(proto)?;
                let size = asked.details.as_ref().map_or(0, Message::encoded_len);
                let details = asked.details.map(|details| details.payloads);
                (Self::Heartbeat(token(&asked.task_token)?, details, size), lane_of(request, None))
            }
            "RespondActivityTaskCompleted" => {
                let asked = RespondActivityTaskCompletedRequest::decode(proto)?;
                let lane = lane_of(request, Some(asked.deployment_options.is_some()));
                (Self::Complete(token(&asked.task_token)?), lane)
            }
            "RespondActivityTaskFailed" => {
                let asked = RespondActivityTaskFailedRequest::decode(proto)?;
                let lane = lane_of(request, Some(asked.deployment_options.is_some()));
                let details = asked.last_heartbeat_details.map(|details| details.payloads);
                let (failure, name) = failure(asked.failure, details);
                (Self::Fail(token(&asked.task_token)?, failure, name), lane)
            }
            "RespondActivityTaskCanceled" => {
                let asked = RespondActivityTaskCanceledRequest::decode(proto)?;
                let lane = lane_of(request, Some(asked.deployment_options.is_some()));
                (Self::Cancel(token(&asked.task_token)?), lane)
            }
            "RecordActivityTaskHeartbeatById" => {
                let asked = RecordActivityTaskHeartbeatByIdRequest::decode(proto)?;
                let size = asked.details.as_ref().map_or(0, Message::encoded_len);
                let details = asked.details.map(|details| details.payloads);
                (Self::Heartbeat(token(BY_NAME)?, details, size).named(), lane_of(request, None))
            }
            "RespondActivityTaskCompletedById" => {
                (Self::Complete(token(BY_NAME)?).named(), lane_of(request, Some(false)))
            }
            "RespondActivityTaskFailedById" => {
                let asked = RespondActivityTaskFailedByIdRequest::decode(proto)?;
                // A server drops what such a failure carries.
                let (failure, name) = failure(asked.failure, None);
                let request_by_name = Self::Fail(token(BY_NAME)?, failure, name).named();
                (request_by_name, lane_of(request, Some(false)))
            }
            "RespondActivityTaskCanceledById" => {
                (Self::Cancel(token(BY_NAME)?).named(), lane_of(request, Some(false)))
            }
            "DescribeWorkflowExecution" => (Self::Describe, lane_of(request, Some(false))),
            "DescribeNamespace" => (Self::DescribeNamespace, Lane::Ours),
            "ShutdownWorker" => (Self::ShutdownWorker, Lane::Sdk),
            other => (Self::Other(other.to_owned()), Lane::Sdk),
        })
    }

    pub(crate) fn rpc(&self) -> Rpc {
        match self {
            Self::Poll => Rpc::Poll,
            Self::Heartbeat(..) => Rpc::Heartbeat,
            Self::Complete(_) => Rpc::Complete,
            Self::Fail(..) => Rpc::Fail,
            Self::Cancel(_) => Rpc::Cancel,
            Self::DescribeNamespace => Rpc::DescribeNamespace,
            Self::Named(request) => request.rpc(),
            Self::Describe | Self::ShutdownWorker | Self::Other(_) => Rpc::Other,
        }
    }

    pub(crate) fn token(&self) -> Option<Token> {
        match self {
            Self::Heartbeat(token, ..)
            | Self::Complete(token)
            | Self::Fail(token, ..)
            | Self::Cancel(token) => Some(*token),
            Self::Named(request) => request.token(),
            _ => None,
        }
    }

    pub(crate) fn value(&self) -> Option<u64> {
        match self {
            Self::Heartbeat(_, details, _) => value_of(details.as_deref()),
            Self::Fail(_, failure, _) => value_of(failure.details.as_deref()),
            Self::Named(request) => request.value(),
            _ => None,
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Heartbeat(_, _, size) => *size,
            Self::Named(request) => request.size(),
            _ => 0,
        }
    }

    pub(super) fn failure(&self) -> Option<String> {
        match self {
            Self::Fail(_, _, name) => Some(name.clone()),
            Self::Named(request) => request.failure(),
            _ => None,
        }
    }

    fn named(self) -> Self {
        Self::Named(Box::new(self))
    }

    /// The same about this attempt, where it is about whatever runs.
    pub(super) fn about(self, latest: Token) -> Self {
        let Self::Named(request) = self else { return self };
        let request = match *request {
            Self::Heartbeat(_, details, size) => Self::Heartbeat(latest, details, size),
            Self::Complete(_) => Self::Complete(latest),
            Self::Fail(_, failure, name) => Self::Fail(latest, failure, name),
            Self::Cancel(_) => Self::Cancel(latest),
            other => other,
        };
        request.named()
    }
}

/// The value in the details of the activity under test: its checkpoint is the first of them.
pub(super) fn value_of(details: Option<&[Payload]>) -> Option<u64> {
    let state: Value = serde_json::from_slice(&details?.first()?.data).ok()?;
    state.get("value")?.as_u64()
}

/// Stands in the place of a token where a call is about whatever attempt runs.
pub(crate) const BY_NAME: &[u8] = b"by name";

fn token(bytes: &[u8]) -> anyhow::Result<Token> {
    if bytes == BY_NAME {
        return Ok(Token(0));
    }
    let bytes = bytes.try_into().map_err(|_| anyhow!("no token of this server: {bytes:?}"))?;
    Ok(Token(u64::from_be_bytes(bytes)))
}

fn failure(message: Option<FailureMessage>, details: Option<Vec<Payload>>) -> (Failure, String) {
    let message = message.unwrap_or_default();
    match message.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            let delay = info.next_retry_delay.and_then(|delay| Duration::try_from(delay).ok());
            let failure = Failure {
                non_retryable: info.non_retryable,
                next_retry_delay: delay.filter(|delay| !delay.is_zero()),
                details,
            };
            (failure, info.r#type)
        }
        _ => (Failure { details, ..Failure::default() }, message.message),
    }
}

/// How a worker's clock differs from that of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skew {
    /// The worker's clock is an hour behind: every attempt seems to start only now.
    #[default]
    Behind,
    /// It is an hour ahead: every attempt seems to have been on its way for an hour.
    Ahead,
}

impl Skew {
    /// What time it is on the server, for a worker.
    pub(super) fn now(self) -> SystemTime {
        let hour = Duration::from_hours(1);
        match self {
            Self::Behind => SystemTime::now() + hour,
            Self::Ahead => SystemTime::now() - hour,
        }
    }
}

/// What a worker that polled is handed.
pub(super) fn task(
    namespace: &str,
    started: &Started,
    terms: &Terms,
    start: SystemTime,
) -> Vec<u8> {
    // A server writes a timeout that there is not as zero.
    let duration = |timeout: Option<Duration>| timeout.unwrap_or_default().try_into().ok();
    let named = |name: &str| name.to_owned();
    PollActivityTaskQueueResponse {
        task_token: started.token.0.to_be_bytes().to_vec(),
        workflow_namespace: named(namespace),
        workflow_type: Some(WorkflowType { name: named("world") }),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: named("world"),
            run_id: named("run"),
        }),
        activity_type: Some(ActivityType { name: terms.activity_type.clone() }),
        activity_id: named("1"),
        input: Some(Payloads { payloads: vec![json(&started.token.0.to_string())] }),
        heartbeat_details: started.details.clone().map(|payloads| Payloads { payloads }),
        scheduled_time: Some((start - started.age).into()),
        current_attempt_scheduled_time: Some(start.into()),
        started_time: Some(start.into()),
        attempt: i32::try_from(started.number).unwrap_or(i32::MAX),
        schedule_to_close_timeout: duration(terms.schedule_to_close),
        start_to_close_timeout: duration(Some(terms.start_to_close)),
        heartbeat_timeout: duration(terms.heartbeat_timeout),
        ..Default::default()
    }
    .encode_to_vec()
}

/// What a server tells of a workflow: its activity, under the number that the server gives it, where one
/// runs that started then.
pub(super) fn described(running: Option<(u32, SystemTime)>) -> Vec<u8> {
    let pending = running.map(|(number, start)| PendingActivityInfo {
        activity_id: "1".to_owned(),
        attempt: i32::try_from(number).unwrap_or(i32::MAX),
        last_started_time: Some(start.into()),
        ..Default::default()
    });
    DescribeWorkflowExecutionResponse {
        pending_activities: pending.into_iter().collect(),
        ..Default::default()
    }
    .encode_to_vec()
}

pub(crate) fn json(text: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: text.as_bytes().to_vec(),
        ..Default::default()
    }
}

/// Writes an answer that is not a task.
pub(super) fn write(request: &Request, answer: Answer, limit: usize) -> Result<Vec<u8>, Status> {
    match answer {
        Answer::Recorded(flags) => Ok(recorded(flags)),
        Answer::Refused(Refusal::NotFound) => {
            Err(Status::not_found("workflow execution already completed, or activity not found"))
        }
        Answer::Refused(Refusal::NotRequested) => {
            Err(Status::invalid_argument("activity cancellation was not requested"))
        }
        Answer::Unavailable => Err(Status::unavailable("refused")),
        Answer::Exhausted => Err(Status::resource_exhausted("namespace rate limit exceeded")),
        // As tonic says it.
        Answer::TimedOut => Err(Status::cancelled("Timeout expired")),
        Answer::Done | Answer::Task(_) => Ok(done(request, limit)),
    }
}

fn recorded(flags: Flags) -> Vec<u8> {
    RecordActivityTaskHeartbeatResponse {
        cancel_requested: flags.cancel_requested,
        activity_paused: flags.paused,
        activity_reset: flags.reset,
    }
    .encode_to_vec()
}

/// Most answers have nothing in them, which is no byte at all.
fn done(request: &Request, limit: usize) -> Vec<u8> {
    match request {
        Request::DescribeNamespace => {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let limits = namespace_info::Limits {
                blob_size_limit_error: limit,
                memo_size_limit_error: limit,
                ..Default::default()
            };
            let capabilities = namespace_info::Capabilities {
                worker_poll_complete_on_shutdown: true,
                ..Default::default()
            };
            let info = NamespaceInfo {
                limits: Some(limits),
                capabilities: Some(capabilities),
                ..Default::default()
            };
            DescribeNamespaceResponse { namespace_info: Some(info), ..Default::default() }
                .encode_to_vec()
        }
        Request::Other(rpc) if rpc == "GetSystemInfo" => {
            GetSystemInfoResponse { server_version: "1.29.1".to_owned(), ..Default::default() }
                .encode_to_vec()
        }
        _ => Vec::new(),
    }
}
