//! One test's place on a server: its task queues, its ledger, the worker of its workflow.

use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::TryStreamExt;
use tempfile::TempDir;
use temporalio_client::{
    ActivityIdentifier, Client, RpcOptions, WorkflowDescribeOptions, WorkflowFetchHistoryOptions,
    WorkflowGetResultOptions, WorkflowHandle, WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::{
    data_converters::DataConverter,
    protos::temporal::api::{
        common::v1::Payload, enums::v1::EventType, workflow::v1::PendingActivityInfo,
    },
};
use temporalio_sdk::{WorkerOptions, activities::ActivityImplementer};

use crate::{
    activities::Plan,
    cli::Cli,
    ledger::Ledger,
    program::say,
    server::{Server, connect, connect_with},
    worker::{
        LocalWorker, WorkerProcess, activity_worker, one_activity_at_a_time, workflow_worker,
    },
    workflows::{ACTIVITY_ID, Job, Outcome, RunActivity},
};

/// One test's place on a server.
#[derive(Debug)]
pub struct Environment {
    address: String,
    cli: Cli,
    client: Client,
    observer: Client,
    converter: DataConverter,
    name: String,
    directory: TempDir,
    /// Apart from those of the activity, which tests kill: a workflow that was on a killed worker
    /// goes on elsewhere only after some seconds.
    _workflows: LocalWorker,
}

impl Environment {
    /// A place on the server that all tests share.
    ///
    /// Where no server can be had, it says so and there is no place: the test is skipped. With
    /// `AUTOBEAT_REQUIRE_SERVER=1` it fails.
    pub async fn open() -> Option<Self> {
        match Server::shared().await {
            Ok(server) => Some(Self::on(server).await),
            Err(reason) => skip(reason),
        }
    }

    /// A place on the server of the newer release, which has activities without a workflow.
    pub async fn open_newer() -> Option<Self> {
        match Server::shared_newer().await {
            Ok(server) => Some(Self::on(server).await),
            Err(reason) => skip(reason),
        }
    }

    /// A place whose clients and workers convert what they send and receive in their own way.
    pub async fn open_with(converter: DataConverter) -> Option<Self> {
        match Server::shared().await {
            Ok(server) => Some(Self::with(server, converter).await),
            Err(reason) => skip(reason),
        }
    }

    /// A place on a server of its own, which the test may stop.
    pub async fn open_alone() -> Option<(Self, Server)> {
        match Server::start().await {
            Ok(server) => Some((Self::on(&server).await, server)),
            Err(reason) => skip(&reason),
        }
    }

    async fn on(server: &Server) -> Self {
        Self::with(server, DataConverter::default()).await
    }

    async fn with(server: &Server, converter: DataConverter) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("autobeat-test-{}-{count}", process::id());
        let address = server.address();
        let client = connect_with(&address, converter.clone()).await.expect("a client");
        let workflows =
            LocalWorker::start_with(&address, converter.clone(), workflow_worker(&name)).await;
        let observer = connect(&address).await.expect("a client");
        Self {
            address,
            cli: server.cli(),
            client,
            observer,
            converter,
            name,
            directory: tempfile::tempdir().expect("a folder"),
            _workflows: workflows.expect("a worker of workflows"),
        }
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The commands of its server.
    #[must_use]
    pub fn cli(&self) -> &Cli {
        &self.cli
    }

    /// A name that no other test has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the activity writes down.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.directory.path().join("ledger"))
    }

    /// A plan with this many items, each taking this long.
    #[must_use]
    pub fn plan(&self, items: u64, item_time: Duration) -> Plan {
        Plan::new(&self.ledger(), items, item_time)
    }

    /// A job with the timeouts that most tests take.
    #[must_use]
    pub fn job(&self, activity: &str, plan: Plan) -> Job {
        Job {
            activity: activity.to_owned(),
            plan,
            task_queue: self.activity_queue(),
            heartbeat_timeout: Duration::from_secs(2),
            start_to_close_timeout: Duration::from_mins(2),
            retry_interval: Duration::from_millis(100),
            max_attempts: 0,
            own_scope: false,
            local: false,
        }
    }

    /// Starts a workflow that runs the job.
    pub async fn start(&self, job: Job) -> Run {
        self.start_as(&self.name, job).await
    }

    /// Starts one of several, under an id that begins with the [name](Self::name).
    pub async fn start_as(&self, id: &str, job: Job) -> Run {
        let options = WorkflowStartOptions::new(self.name.clone(), id.to_owned()).build();
        let started = self.client.start_workflow(RunActivity::run, job, options).await;
        started.expect("a workflow that starts");
        let handle = self.client.get_workflow_handle::<RunActivity>(id.to_owned());
        Run {
            handle,
            id: id.to_owned(),
            cli: self.cli.clone(),
            client: self.client.clone(),
            observer: self.observer.clone(),
        }
    }

    /// A worker of the activities in this process.
    pub async fn worker(&self) -> LocalWorker {
        self.worker_with_grace(None).await
    }

    /// A worker in this process that tells its activities of a shutdown after this long.
    pub async fn worker_with_grace(&self, period: impl Into<Option<Duration>>) -> LocalWorker {
        self.worker_with(activity_worker(&self.activity_queue(), period.into())).await
    }

    /// A worker of something else than the usual activities, on their task queue.
    pub async fn worker_of(&self, activities: impl ActivityImplementer) -> LocalWorker {
        let options = WorkerOptions::new(self.activity_queue()).register_activities(activities);
        self.worker_with(options.build()).await
    }

    /// The same, of one activity at a time, which it tells of a shutdown after some time.
    pub async fn worker_of_one_at_a_time(
        &self,
        activities: impl ActivityImplementer,
        period: Duration,
    ) -> LocalWorker {
        let options = WorkerOptions::new(self.activity_queue())
            .register_activities(activities)
            .graceful_shutdown_period(period)
            .tuner(one_activity_at_a_time());
        self.worker_with(options.build()).await
    }

    async fn worker_with(&self, options: WorkerOptions) -> LocalWorker {
        let worker = LocalWorker::start_with(&self.address, self.converter.clone(), options);
        worker.await.expect("a worker")
    }

    /// A worker of the activities in a process of its own.
    pub async fn worker_process(&self, program: &Path) -> WorkerProcess {
        let queue = self.activity_queue();
        WorkerProcess::start(program, &self.address, &queue).await.expect("a worker process")
    }

    /// Where the workers of the activity are.
    #[must_use]
    pub fn activity_queue(&self) -> String {
        format!("{}-activities", self.name)
    }
}

/// The workflow of a test.
pub struct Run {
    handle: WorkflowHandle<Client, RunActivity>,
    id: String,
    cli: Cli,
    client: Client,
    /// Sees what the server stores, however it was encoded.
    observer: Client,
}

impl Run {
    /// Waits until the workflow has completed, and returns what became of its activity.
    pub async fn outcome(&self) -> Outcome {
        let options = WorkflowGetResultOptions::default();
        self.handle.get_result(options).await.expect("a workflow that completes")
    }

    /// Cancels the workflow.
    pub async fn cancel(&self) {
        self.cli.cancel(&self.id).await.expect("cancel");
    }

    /// Terminates the workflow.
    pub async fn terminate(&self) {
        self.cli.terminate(&self.id).await.expect("terminate");
    }

    /// Tells the workflow to cancel the scope of its activity, which must be its own.
    pub async fn cancel_scope(&self) {
        let options = WorkflowSignalOptions::default();
        self.handle.signal(RunActivity::cancel_scope, (), options).await.expect("a signal");
    }

    /// Completes the activity from outside of its worker.
    pub async fn complete(&self, value: u64) {
        let activity = ActivityIdentifier::by_id_workflow(&self.id, "", ACTIVITY_ID);
        let handle = self.client.get_async_activity_handle(activity);
        handle.complete(Some(value), RpcOptions::default()).await.expect("complete");
    }

    /// Pauses the activity.
    pub async fn pause(&self) {
        self.activity("pause", &[]).await;
    }

    /// Unpauses the activity.
    pub async fn unpause(&self) {
        self.activity("unpause", &[]).await;
    }

    /// Resets the activity, with further flags.
    pub async fn reset(&self, flags: &[&str]) {
        self.activity("reset", flags).await;
    }

    async fn activity(&self, verb: &str, flags: &[&str]) {
        self.cli.activity(verb, &self.id, ACTIVITY_ID, flags).await.expect(verb);
    }

    /// What the server knows of the activity; nothing once it is over.
    pub async fn pending(&self) -> Option<PendingActivityInfo> {
        let handle = self.observer.get_workflow_handle::<RunActivity>(self.id.clone());
        let described = handle.describe(WorkflowDescribeOptions::default()).await;
        described.expect("a description").raw_description.pending_activities.into_iter().next()
    }

    /// When the server wrote this down for the first time, by the clock of the ledger: from then on it
    /// tells the activity, however long a command takes on a busy machine.
    pub async fn written_down(&self, what: EventType) -> Duration {
        let mut events = self.handle.fetch_history(WorkflowFetchHistoryOptions::default());
        while let Some(event) = events.try_next().await.expect("a history") {
            if event.event_type() == what {
                let time = event.event_time.expect("a time").try_into();
                return time.map(since_1970).expect("a time after 1970");
            }
        }
        panic!("{what:?} is not in the history");
    }

    /// The checkpoint that the server stores, as JSON.
    pub async fn stored(&self) -> Option<String> {
        let first = self.stored_payload().await?;
        Some(String::from_utf8_lossy(&first.data).into_owned())
    }

    /// The checkpoint as the server stores it.
    pub async fn stored_payload(&self) -> Option<Payload> {
        self.stored_payloads().await?.into_iter().next()
    }

    /// All details as the server stores them.
    pub async fn stored_payloads(&self) -> Option<Vec<Payload>> {
        Some(self.pending().await?.heartbeat_details?.payloads)
    }
}

/// Waits for something to be there, and looks often enough to see it within milliseconds.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Says that a test is skipped, or fails it where that is not allowed.
fn skip<T>(reason: &str) -> Option<T> {
    let required = env::var_os("AUTOBEAT_REQUIRE_SERVER").is_some_and(|value| value == "1");
    assert!(!required, "no Temporal server: {reason}");
    // The test runner names its threads after the tests.
    let test = thread::current().name().unwrap_or("a test").to_owned();
    say(&format!("skipped {test}: no Temporal server: {reason}"));
    None
}
