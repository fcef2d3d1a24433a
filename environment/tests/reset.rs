//! An attempt that a reset gave another number after its last heartbeat, before its end was said.

mod shared;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use autobeat::{Cancellation, Checkpoint, activity};
use prost::Message;
use temporalio_client::{callback_based::GrpcRequest, tonic::Status};
use temporalio_common::protos::temporal::api::{
    workflow::v1::PendingActivityInfo,
    workflowservice::v1::{DescribeWorkflowExecutionResponse, RecordActivityTaskHeartbeatResponse},
};
use temporalio_sdk::{
    activities::ActivityError,
    testing::{ActivityEnvironment, TestActivityInfoOptions},
};
use tokio::time::sleep;

use self::shared::client;

const SECOND: Duration = Duration::from_secs(1);

/// A server that has attempt 2 as attempt 1 from when it is reset.
#[derive(Default)]
struct Server {
    calls: Mutex<Vec<String>>,
    is_reset: AtomicBool,
    requests_cancellation: bool,
    started: Mutex<Option<SystemTime>>,
}

impl Server {
    fn answer(&self, request: &GrpcRequest) -> Result<Vec<u8>, Status> {
        let rpc = request.rpc.as_str();
        self.calls.lock().unwrap().push(rpc.to_owned());
        let by_name = rpc.starts_with("Describe") || rpc.ends_with("ById");
        match rpc {
            _ if self.is_reset.load(Ordering::SeqCst) && !by_name => {
                Err(Status::not_found("no such attempt"))
            }
            "RecordActivityTaskHeartbeat" => Ok(RecordActivityTaskHeartbeatResponse {
                cancel_requested: self.requests_cancellation,
                ..Default::default()
            }
            .encode_to_vec()),
            "DescribeWorkflowExecution" => {
                let pending = PendingActivityInfo {
                    activity_id: "5".to_owned(),
                    attempt: 1,
                    last_started_time: self.started.lock().unwrap().map(Into::into),
                    ..Default::default()
                };
                Ok(DescribeWorkflowExecutionResponse {
                    pending_activities: vec![pending],
                    ..Default::default()
                }
                .encode_to_vec())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn was_called(&self, rpc: &str) -> bool {
        self.calls.lock().unwrap().iter().any(|called| called == rpc)
    }
}

/// The second attempt of activity 5.
async fn second(server: &Arc<Server>, run_id: &str) -> ActivityEnvironment {
    let started = Some(SystemTime::now());
    *server.started.lock().unwrap() = started;
    let info = TestActivityInfoOptions::builder()
        .task_token(b"token".to_vec())
        .workflow_id(Some("workflow".to_owned()))
        .workflow_run_id(Some(run_id.to_owned()))
        .activity_id("5".to_owned())
        .scheduled_time(started)
        .started_time(started)
        .current_attempt_scheduled_time(started)
        .deadline(None)
        .attempt(2)
        .heartbeat_timeout(9 * SECOND)
        .build();
    let answering = Arc::clone(server);
    let client = client(move |request| answering.answer(request)).await;
    ActivityEnvironment::builder_with_default().info(info).client(client).build()
}

#[activity(heartbeat_timeout = "9s")]
async fn count(_checkpoint: Checkpoint<u64>, _input: ()) -> Result<u64, ActivityError> {
    sleep(20 * SECOND).await;
    Ok(7)
}

#[activity(heartbeat_timeout = "9s")]
async fn clean_up(cancellation: Cancellation, _input: ()) -> Result<(), ActivityError> {
    let cancelled = cancellation.cancelled().await;
    sleep(2 * SECOND).await;
    Err(cancelled.into())
}

#[tokio::test(start_paused = true)]
async fn a_result_that_the_sdk_lost_is_said_by_name() {
    let server = Arc::<Server>::default();
    let environment = second(&server, "lost").await;
    let events = async {
        // When the SDK, without a report of its own, would give it up.
        sleep(14 * SECOND + SECOND / 100).await;
        environment.cancel();
        sleep(5 * SECOND + 9 * SECOND / 10).await;
        server.is_reset.store(true, Ordering::SeqCst);
    };
    let (ended, ()) = tokio::join!(environment.run(count, ()), events);
    sleep(30 * SECOND).await;
    assert!(server.was_called("RespondActivityTaskCompleted"), "{ended:?} {:?}", server.calls);
    assert!(server.was_called("RespondActivityTaskCompletedById"), "{:?}", server.calls);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_in_a_shutdown_is_said_by_name() {
    let server = Arc::new(Server { requests_cancellation: true, ..Server::default() });
    let environment = second(&server, "shutdown").await;
    let events = async {
        // Told by its first heartbeat, and still cleaning up.
        sleep(4 * SECOND).await;
        environment.cancel();
        server.is_reset.store(true, Ordering::SeqCst);
    };
    let (ended, ()) = tokio::join!(environment.run(clean_up, ()), events);
    assert!(server.was_called("RespondActivityTaskCanceled"), "{ended:?} {:?}", server.calls);
    assert!(server.was_called("RespondActivityTaskCanceledById"), "{:?}", server.calls);
}
