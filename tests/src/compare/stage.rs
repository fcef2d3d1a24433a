//! A server, and the workflows whose activities are compared on it.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tempfile::TempDir;
use temporalio_client::{
    Client, NamespacedClient, WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowIdReusePolicy, WorkflowStartOptions, WorkflowTerminateOptions,
    errors::{WorkflowGetResultError, WorkflowStartError},
    grpc::WorkflowService,
    tonic::IntoRequest,
};
use temporalio_common::protos::temporal::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{PauseActivityRequest, pause_activity_request},
};
use temporalio_sdk::WorkerOptions;
use tokio::time::sleep;

use super::{
    crowd::{Crowd, RunCrowd},
    process::WorkerProcess,
    variant::{Variant, Work},
};
use crate::{
    activities::Plan,
    endurance::Kind,
    ledger::Ledger,
    server::{Server, connect},
    worker::LocalWorker,
    workflows::{ACTIVITY_ID, Job, Outcome, RunActivity},
};

/// After how long a server that did not answer is asked again.
const AGAIN: Duration = Duration::from_millis(200);

/// Far longer than any activity here.
const START_TO_CLOSE: Duration = Duration::from_mins(10);

/// A folder that lies in memory, where there is one.
///
/// The server waits for its disk at each of its writes: with a slow one, or one that others use,
/// 2,000 activities need minutes to start, and it is the disk that is compared.
const IN_MEMORY: &str = "/dev/shm";

/// The task queue of the workflows, whose worker is this process.
const WORKFLOWS: &str = "compare-workflows";

/// A server, and what runs on it.
#[derive(Debug)]
pub struct Stage {
    address: String,
    /// Where it is this run's own.
    _server: Option<Server>,
    client: Client,
    directory: TempDir,
    count: AtomicU32,
    _workflows: LocalWorker,
}

/// An activity of a workflow of its own.
pub struct Running {
    client: Client,
    handle: WorkflowHandle<Client, RunActivity>,
    id: String,
    ledger: Ledger,
}

/// A command from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Its workflow is cancelled.
    Cancel,
    /// It is paused.
    Pause,
    /// Its workflow is terminated.
    Terminate,
}

impl Stage {
    /// Starts a dev server, and this process as the worker of its workflows.
    pub async fn open() -> anyhow::Result<Self> {
        write_in_memory();
        let server = Server::start().await.map_err(anyhow::Error::msg)?;
        Self::on(server.address(), Some(server)).await
    }

    /// This process as the worker of the workflows on a server that runs.
    pub async fn at(address: String) -> anyhow::Result<Self> {
        write_in_memory();
        Self::on(address, None).await
    }

    async fn on(address: String, server: Option<Server>) -> anyhow::Result<Self> {
        let options = WorkerOptions::new(WORKFLOWS)
            .register_workflow::<RunActivity>()?
            .register_workflow::<RunCrowd>()?
            .build();
        let workflows = LocalWorker::start(&address, options).await?;
        Ok(Self {
            client: connect(&address).await?,
            address,
            _server: server,
            directory: tempfile::tempdir()?,
            count: AtomicU32::new(1),
            _workflows: workflows,
        })
    }

    /// A name that nothing else has on this server.
    #[must_use]
    pub fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A worker of the activities on a task queue.
    pub async fn worker(&self, task_queue: &str) -> anyhow::Result<WorkerProcess> {
        WorkerProcess::start(&self.address, task_queue).await
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts one activity of a variant.
    pub async fn start(
        &self,
        task_queue: &str,
        (variant, work): (Variant, Work),
        heartbeat_timeout: Duration,
        item_time: Duration,
        max_attempts: u32,
    ) -> anyhow::Result<Running> {
        let activity = self.next();
        let plan = Plan::new(&activity.ledger, u64::MAX, item_time);
        let name = variant.activity(work);
        let job = Job { max_attempts, ..job(task_queue, name, heartbeat_timeout, plan) };
        self.begin(&activity, job).await?;
        Ok(activity)
    }

    /// Starts one of a load, however often the server has to be asked.
    pub async fn start_of(&self, kind: &Kind, task_queue: &str) -> anyhow::Result<Running> {
        let activity = self.next();
        let plan = kind.plan(Plan::new(&activity.ledger, kind.items, kind.item_time));
        let job = job(task_queue, kind.activity, kind.heartbeat_timeout, plan);
        loop {
            match self.begin(&activity, job.clone()).await {
                // An earlier answer was lost.
                Ok(()) | Err(WorkflowStartError::AlreadyStarted { .. }) => return Ok(activity),
                Err(WorkflowStartError::Rpc(_)) => sleep(AGAIN).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn next(&self) -> Running {
        let id = self.name("activity");
        let ledger = Ledger::new(self.directory.path().join(&id));
        let handle = self.client.get_workflow_handle::<RunActivity>(id.clone());
        Running { client: self.client.clone(), handle, id, ledger }
    }

    async fn begin(&self, activity: &Running, job: Job) -> Result<(), WorkflowStartError> {
        let options = WorkflowStartOptions::new(WORKFLOWS, activity.id.clone())
            .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
            .build();
        self.client.start_workflow(RunActivity::run, job, options).await.map(drop)
    }

    /// Runs many activities of a variant at once, some of them in each of some workflows, each of
    /// them once. Returns how they ended.
    pub async fn run_crowd(
        &self,
        task_queue: &str,
        variant: Variant,
        heartbeat_timeout: Duration,
        item_time: Duration,
        (workflows, each): (u32, u32),
    ) -> anyhow::Result<Vec<Outcome>> {
        let ledger = Ledger::new(self.directory.path().join("unused"));
        let plan = Plan::new(&ledger, 1, item_time);
        let job = job(task_queue, variant.activity(Work::Sleep), heartbeat_timeout, plan);
        let crowd = Crowd { job: Job { max_attempts: 1, ..job }, count: each };
        let mut handles = Vec::new();
        for _ in 0..workflows {
            let id = self.name("crowd");
            let options = WorkflowStartOptions::new(WORKFLOWS, id.clone()).build();
            self.client.start_workflow(RunCrowd::run, crowd.clone(), options).await?;
            handles.push(self.client.get_workflow_handle::<RunCrowd>(id));
        }
        let mut outcomes = Vec::new();
        for handle in handles {
            outcomes.extend(handle.get_result(WorkflowGetResultOptions::default()).await?);
        }
        Ok(outcomes)
    }
}

/// Has the files of this process lie in memory, where that can be.
fn write_in_memory() {
    if Path::new(IN_MEMORY).is_dir() {
        // It can only have been chosen before, by another stage.
        let _ = tempfile::env::override_temp_dir(Path::new(IN_MEMORY));
    }
}

fn job(task_queue: &str, activity: &str, heartbeat_timeout: Duration, plan: Plan) -> Job {
    Job {
        activity: activity.to_owned(),
        plan,
        task_queue: task_queue.to_owned(),
        heartbeat_timeout,
        start_to_close_timeout: START_TO_CLOSE,
        retry_interval: Duration::from_millis(100),
        max_attempts: 0,
        own_scope: false,
        local: false,
    }
}

impl Running {
    /// What its attempts write down.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Waits until its workflow has completed, and returns how it ended.
    pub async fn outcome(&self) -> anyhow::Result<Outcome> {
        Ok(self.handle.get_result(WorkflowGetResultOptions::default()).await?)
    }

    /// As [`outcome`](Self::outcome), however often the server has to be asked.
    pub async fn outcome_at_last(&self) -> anyhow::Result<Outcome> {
        loop {
            match self.handle.get_result(WorkflowGetResultOptions::default()).await {
                Err(WorkflowGetResultError::Rpc(_)) => sleep(AGAIN).await,
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Does something to it.
    pub async fn order(&self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Cancel => self.handle.cancel(WorkflowCancelOptions::default()).await?,
            Order::Terminate => self.handle.terminate(WorkflowTerminateOptions::default()).await?,
            Order::Pause => {
                let request = PauseActivityRequest {
                    namespace: self.client.namespace(),
                    execution: Some(WorkflowExecution {
                        workflow_id: self.id.clone(),
                        run_id: String::new(),
                    }),
                    activity: Some(pause_activity_request::Activity::Id(ACTIVITY_ID.to_owned())),
                    ..Default::default()
                };
                self.client.clone().pause_activity(request.into_request()).await?;
            }
        }
        Ok(())
    }

    /// Ends it where it still runs.
    pub async fn end(&self) {
        // Refused where it is over, which is what is wanted.
        let _ = self.order(Order::Terminate).await;
    }
}
