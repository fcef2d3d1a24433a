//! A codec that fails for a moment, as one that asks a service for its keys.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use autobeat::{Cancelled, Checkpoint, activity};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all, pending, ready},
};
use prost::Message;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url,
    callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse},
    tonic::{Status, metadata::MetadataMap},
};
use temporalio_common::{
    data_converters::{
        DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError,
        PayloadConverter, SerializationContextData,
    },
    protos::temporal::api::{
        common::v1::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
        failure::v1::failure::FailureInfo,
        workflowservice::v1::{PollActivityTaskQueueResponse, RespondActivityTaskFailedRequest},
    },
};
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions, activities::ActivityImplementer, runtime::RuntimeOptions,
};

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

/// Leaves payloads as they are, but once: after it was given so many like this.
struct Flaky {
    looks_for: fn(&Payload) -> bool,
    found: AtomicUsize,
    fails_after: usize,
}

impl PayloadCodec for Flaky {
    fn encode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        let is_found = payloads.iter().any(self.looks_for);
        let fails = is_found && self.found.fetch_add(1, Ordering::SeqCst) == self.fails_after;
        let unavailable = || PayloadConversionError::EncodingError("no keys for a moment".into());
        ready(if fails { Err(unavailable()) } else { Ok(payloads) }).boxed()
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        ready(Ok(payloads)).boxed()
    }
}

/// A server with one activity, which writes down how it was answered, on which lane.
#[derive(Default)]
struct Server {
    activity: &'static str,
    is_handed_out: AtomicBool,
    loses_answers_of_the_sdk: bool,
    answers: Mutex<Vec<String>>,
}

impl Server {
    fn service(self: &Arc<Self>) -> CallbackBasedGrpcService {
        let server = Arc::clone(self);
        CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let server = Arc::clone(&server);
                async move {
                    let proto = server.call(&request).await?;
                    Ok(GrpcSuccessResponse { headers: MetadataMap::new().into_headers(), proto })
                }
                .boxed()
            }),
        }
    }

    async fn call(&self, request: &GrpcRequest) -> Result<Vec<u8>, Status> {
        let is_ours = request.headers.contains_key("autobeat-lane");
        match request.rpc.as_str() {
            "PollActivityTaskQueue" if self.is_handed_out.swap(true, Ordering::SeqCst) => {
                pending().await
            }
            "PollActivityTaskQueue" => Ok(self.task()),
            "RespondActivityTaskFailed" => {
                let asked = RespondActivityTaskFailedRequest::decode(request.proto.clone());
                let failure = asked.ok().and_then(|asked| asked.failure).unwrap_or_default();
                let name = match failure.failure_info {
                    Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type,
                    _ => String::new(),
                };
                self.answer(format!("{name}: {}", failure.message));
                Ok(Vec::new())
            }
            "RespondActivityTaskCompleted" if self.loses_answers_of_the_sdk && !is_ours => {
                pending().await
            }
            "RespondActivityTaskCompleted" => {
                self.answer("completed".to_owned());
                Ok(Vec::new())
            }
            "PollWorkflowTaskQueue" | "PollNexusTaskQueue" => pending().await,
            // Nothing in it, which says: go on.
            _ => Ok(Vec::new()),
        }
    }

    fn answer(&self, answer: String) {
        self.answers.lock().unwrap().push(answer);
    }

    fn task(&self) -> Vec<u8> {
        let now = SystemTime::now();
        let json = Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data: b"1".to_vec(),
            ..Payload::default()
        };
        let seconds = |seconds| Duration::from_secs(seconds).try_into().ok();
        PollActivityTaskQueueResponse {
            task_token: b"token".to_vec(),
            workflow_type: Some(WorkflowType { name: "workflow".to_owned() }),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: "workflow".to_owned(),
                run_id: "run".to_owned(),
            }),
            activity_type: Some(ActivityType { name: self.activity.to_owned() }),
            activity_id: "1".to_owned(),
            input: Some(Payloads { payloads: vec![json] }),
            scheduled_time: Some(now.into()),
            current_attempt_scheduled_time: Some(now.into()),
            started_time: Some(now.into()),
            attempt: 1,
            start_to_close_timeout: seconds(600),
            heartbeat_timeout: seconds(1),
            ..Default::default()
        }
        .encode_to_vec()
    }

    /// How the activity was answered by then.
    async fn answers_within(
        self: &Arc<Self>,
        time: Duration,
        activity: impl ActivityImplementer,
        codec: Flaky,
    ) -> Vec<String> {
        let target = Url::parse("http://in.process:1").unwrap();
        let connection = ConnectionOptions::new(target)
            .identity("worker".to_owned())
            .service_override(self.service())
            .dns_load_balancing(None)
            .build();
        let connection = Connection::connect(connection).await.unwrap();
        let converter = DataConverter::new(
            PayloadConverter::default(),
            DefaultFailureConverter::default(),
            codec,
        );
        let options = ClientOptions::new("namespace").data_converter(converter).build();
        let client = Client::new(connection, options).unwrap();
        let runtime = RuntimeOptions::builder().heartbeat_interval(None).build().unwrap();
        let runtime = Runtime::from_current_tokio(runtime).unwrap();
        let options = WorkerOptions::new("queue").register_activities(activity).build();
        let mut worker = Worker::new(&runtime, client, options).unwrap();
        let _ = tokio::time::timeout(time, worker.run()).await;
        self.answers.lock().unwrap().clone()
    }
}

/// Has a large state, and ends by itself.
#[activity(heartbeat_timeout = "1s", start_to_close_timeout = "10m")]
async fn large(checkpoint: Checkpoint<String>, _input: u64) -> Result<u64, Cancelled> {
    for _ in 0..45 {
        checkpoint.save("x".repeat(600 * 1024))?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_fails_once_does_not_fail_an_activity_for_good() {
    // After some beats of ours it is the SDK's turn: one of these meets it.
    let answers = join_all((5..=15).map(async |fails_after| {
        let server = Arc::new(Server { activity: "large", ..Server::default() });
        let looks_for = |payload: &Payload| payload.data.len() > 512 * 1024;
        let codec = Flaky { looks_for, found: AtomicUsize::new(0), fails_after };
        server.answers_within(Duration::from_secs(8), large, codec).await
    }));
    let answers: HashSet<_> = answers.await.into_iter().flatten().collect();
    assert_eq!(answers, HashSet::from(["completed".to_owned()]));
}

/// Beats once, and has a result that is known again.
#[activity(heartbeat_timeout = "1s", start_to_close_timeout = "10m")]
async fn lost(_input: u64) -> Result<u64, Cancelled> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(4711)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_fails_once_does_not_lose_an_answer() {
    let server =
        Arc::new(Server { activity: "lost", loses_answers_of_the_sdk: true, ..Server::default() });
    // First for the SDK, which loses it, and then for us.
    let codec = Flaky {
        looks_for: |payload| payload.data == b"4711",
        found: AtomicUsize::new(0),
        fails_after: 1,
    };
    let answers = server.answers_within(Duration::from_secs(6), lost, codec).await;
    assert_eq!(answers, ["completed"]);
}
