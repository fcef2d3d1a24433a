//! Which of the two lanes a call is on.
//!
//! The client's identity does not tell: `autobeat` calls through the worker's own connection. So a
//! client interceptor marks what goes through the client's handle of an activity, which the SDK's
//! core never does. A call without the mark whose time limit is not core's 30 s, or an answer that
//! does not name the worker's deployment as core's do, is not core's either.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use temporalio_client::{
    ActivityHeartbeatResponse, ClientInterceptor, CompleteAsyncActivityInput,
    FailAsyncActivityInput, HeartbeatAsyncActivityInput, Next,
    ReportAsyncActivityCancellationInput, RpcOptions, callback_based::GrpcRequest,
    errors::AsyncActivityError,
};

use super::history::Lane;
use crate::core_rules::LIMIT_OF_CALL;

const MARK: &str = "autobeat-lane";

/// Marks what goes through the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MarkLane;

impl MarkLane {
    pub(crate) fn interceptors() -> Vec<Arc<dyn ClientInterceptor>> {
        vec![Arc::new(Self)]
    }
}

fn mark(options: &mut RpcOptions) {
    options.metadata.insert(MARK, "ours").expect("a header that is valid");
}

type Answered<'a, T> = BoxFuture<'a, Result<T, AsyncActivityError>>;

impl ClientInterceptor for MarkLane {
    fn heartbeat_async_activity<'a>(
        &'a self,
        mut input: HeartbeatAsyncActivityInput,
        next: Next<'a, HeartbeatAsyncActivityInput, Answered<'a, ActivityHeartbeatResponse>>,
    ) -> Answered<'a, ActivityHeartbeatResponse> {
        mark(&mut input.rpc_options);
        next.run(input)
    }

    fn complete_async_activity<'a>(
        &'a self,
        mut input: CompleteAsyncActivityInput,
        next: Next<'a, CompleteAsyncActivityInput, Answered<'a, ()>>,
    ) -> Answered<'a, ()> {
        mark(&mut input.rpc_options);
        next.run(input)
    }

    fn fail_async_activity<'a>(
        &'a self,
        mut input: FailAsyncActivityInput,
        next: Next<'a, FailAsyncActivityInput, Answered<'a, ()>>,
    ) -> Answered<'a, ()> {
        mark(&mut input.rpc_options);
        next.run(input)
    }

    fn report_async_activity_cancellation<'a>(
        &'a self,
        mut input: ReportAsyncActivityCancellationInput,
        next: Next<'a, ReportAsyncActivityCancellationInput, Answered<'a, ()>>,
    ) -> Answered<'a, ()> {
        mark(&mut input.rpc_options);
        next.run(input)
    }
}

/// The lane of a call about an attempt.
pub(super) fn lane_of(request: &GrpcRequest, names_deployment: Option<bool>) -> Lane {
    let marked = request.headers.contains_key(MARK);
    let cores_limit = limit_of(request) == Some(LIMIT_OF_CALL);
    if marked || !cores_limit || names_deployment == Some(false) { Lane::Ours } else { Lane::Sdk }
}

/// How long the caller waits: what tonic would enforce were this a connection.
pub(crate) fn limit_of(request: &GrpcRequest) -> Option<Duration> {
    let text = request.headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}
