//! A schedule on a real server, by a real clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use temporalio_client::{
    Client, NamespacedClient, WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowStartOptions, WorkflowTerminateOptions, errors::WorkflowGetResultError,
    grpc::WorkflowService, tonic::IntoRequest,
};
use temporalio_common::protos::temporal::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        PauseActivityRequest, ResetActivityRequest, UnpauseActivityRequest, pause_activity_request,
        reset_activity_request, unpause_activity_request,
    },
};
use temporalio_sdk::WorkerOptions;
use tokio::{task::JoinHandle, time::sleep};

use super::{
    activities::Short,
    forward::Forwarder,
    hitch::Hitch,
    life::Life,
    record::Record,
    sample::{Ending, Sample},
    way::Way,
    workflow::{Order as Terms, RunSchedule},
};
use crate::{
    environment::Environment,
    inprocess::{
        Moment,
        history::{Event, Order, What, WorkerStep},
        worker::options_on,
    },
    schedules::{
        body::Bodies,
        schedule::{Command, Schedule},
        witness::Witness,
    },
    worker::LocalWorker,
    workflows::{ACTIVITY_ID, Outcome},
};

/// Longer than any of these schedules.
const LIMIT: Duration = Duration::from_secs(40);

/// Longer than a shutdown without anything that was lost: the SDK waits for what was.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// A place on a real server for schedules, each with names of its own.
pub struct Stage {
    environment: Environment,
    queue: String,
    _workflows: LocalWorker,
}

/// What came of a schedule on a real server.
#[derive(Debug)]
pub struct Played {
    /// What is compared.
    pub sample: Sample,
    /// What the client's side saw.
    pub history: Vec<Event>,
    /// How often the last worker's thread went to sleep, if that worker ended by itself.
    pub parks: Option<u64>,
    /// For how long the machine had no time for somebody who had nothing but time to tell.
    pub hitch: Duration,
}

impl Stage {
    /// On the server that all tests share; none where there is no server.
    ///
    /// # Panics
    ///
    /// Where the server takes no worker.
    pub async fn open() -> Option<Self> {
        let environment = Environment::open().await?;
        let queue = format!("{}-schedules", environment.name());
        let options = WorkerOptions::new(&queue)
            .register_workflow::<RunSchedule>()
            .expect("a workflow that is registered once")
            .build();
        let workflows = LocalWorker::start(environment.address(), options).await;
        let workflows = workflows.expect("a worker of workflows");
        Some(Self { environment, queue, _workflows: workflows })
    }

    /// Runs a schedule.
    ///
    /// # Errors
    ///
    /// Where the server does not do as it is told, or a worker does not end.
    pub async fn play(&self, schedule: &Schedule) -> anyhow::Result<Played> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let id = format!("{}-{}", self.queue, COUNT.fetch_add(1, Ordering::Relaxed));
        let record = Record::default();
        let way = Way::to(self.environment.address())?;
        let mut company = Company {
            schedule,
            forwarder: Forwarder::new(record.clone(), schedule.network(), way),
            bodies: Bodies::new(Arc::new(record.clone()), &schedule.plans),
            record: record.clone(),
            queue: id.clone(),
        };
        let first = company.hire().await?;
        let client = self.environment.client();
        let options = WorkflowStartOptions::new(self.queue.clone(), id.clone()).build();
        let terms = Terms::of(schedule, id.clone());
        client.start_workflow(RunSchedule::run, terms, options).await?;
        let handle = client.get_workflow_handle::<RunSchedule>(id.clone());
        let activity = Activity { client: client.clone(), handle, id };
        let ending = activity.ending();
        let hitch = Hitch::watch();
        let parks = company.work(first, &activity, &ending).await?;
        let hitch = hitch.longest();
        let ending = tokio::time::timeout(LIMIT, ending).await.context("it does not close")??;
        let history = record.history();
        Ok(Played { sample: Sample::of(ending?, &history), history, parks, hitch })
    }
}

/// The workers of a schedule, one after the other.
struct Company<'a> {
    schedule: &'a Schedule,
    forwarder: Forwarder,
    bodies: Bodies,
    record: Record,
    queue: String,
}

impl Company<'_> {
    async fn hire(&self) -> anyhow::Result<Life> {
        let (queue, bodies) = (self.queue.clone(), self.bodies.clone());
        let grace = self.schedule.grace;
        let options = move || options_on(&queue, Short::new(bodies), grace);
        let life = Life::begin(self.forwarder.clone().service(), options).await?;
        self.record.step(WorkerStep::Began);
        Ok(life)
    }

    /// Gives the commands, and ends when the activity has closed and its last body is over.
    async fn work(
        &mut self,
        mut life: Life,
        activity: &Activity,
        ending: &JoinHandle<anyhow::Result<Ending>>,
    ) -> anyhow::Result<Option<u64>> {
        for (at, command) in &self.schedule.commands {
            if !self.wait_until(*at, ending).await {
                break;
            }
            match command {
                Command::Order(order) => {
                    self.record.write(What::Ordered(*order, None));
                    if let Err(error) = activity.order(*order).await {
                        // It may have closed by itself meanwhile.
                        sleep(Duration::from_secs(1)).await;
                        ensure!(ending.is_finished(), "{order:?}: {error:#}");
                    }
                }
                Command::Crash(away) => {
                    life.crash().await;
                    self.record.step(WorkerStep::Crashed);
                    sleep(*away).await;
                    life = self.hire().await?;
                }
                Command::ShutDown(away) => {
                    self.end(life).await?;
                    sleep(*away).await;
                    life = self.hire().await?;
                }
            }
        }
        while !ending.is_finished() || self.record.running() > 0 {
            ensure!(self.record.now() < Moment::after(LIMIT), "it does not end");
            sleep(Duration::from_millis(10)).await;
        }
        self.end(life).await
    }

    async fn end(&self, life: Life) -> anyhow::Result<Option<u64>> {
        self.record.step(WorkerStep::ShuttingDown(self.schedule.grace));
        let parks = life.shut_down(SHUTDOWN).await;
        let step = if parks.is_some() { WorkerStep::Ended } else { WorkerStep::Crashed };
        self.record.step(step);
        ensure!(parks.is_some() || !self.schedule.outages.is_empty(), "it does not shut down");
        Ok(parks)
    }

    /// Waits; `false` when the activity is over first.
    async fn wait_until(&self, at: Moment, ending: &JoinHandle<anyhow::Result<Ending>>) -> bool {
        while !ending.is_finished() {
            let now = self.record.now();
            if now >= at && self.record.has_begun() {
                return true;
            }
            sleep(at.since(now).clamp(Duration::from_millis(1), Duration::from_millis(10))).await;
        }
        false
    }
}

/// An activity, seen from outside of its workers.
struct Activity {
    client: Client,
    handle: WorkflowHandle<Client, RunSchedule>,
    id: String,
}

impl Activity {
    /// Waits for how it ends.
    fn ending(&self) -> JoinHandle<anyhow::Result<Ending>> {
        let handle = self.client.get_workflow_handle::<RunSchedule>(self.id.clone());
        tokio::spawn(async move {
            let options = WorkflowGetResultOptions::default();
            let result: Result<Outcome, _> = handle.get_result(options).await;
            match result {
                Ok(outcome) => Ok(Ending::of(&outcome)),
                Err(WorkflowGetResultError::Terminated { .. }) => Ok(Ending::Terminated),
                Err(error) => Err(error.into()),
            }
        })
    }

    async fn order(&self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Cancel => self.handle.cancel(WorkflowCancelOptions::default()).await?,
            Order::Terminate => self.handle.terminate(WorkflowTerminateOptions::default()).await?,
            Order::Pause => self.pause().await?,
            Order::Unpause => self.unpause().await?,
            Order::Reset { heartbeats } => self.reset(heartbeats).await?,
        }
        Ok(())
    }

    fn execution(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.id.clone(), run_id: String::new() }
    }

    async fn pause(&self) -> anyhow::Result<()> {
        let request = PauseActivityRequest {
            namespace: self.client.namespace(),
            execution: Some(self.execution()),
            activity: Some(pause_activity_request::Activity::Id(ACTIVITY_ID.to_owned())),
            ..Default::default()
        };
        self.client.clone().pause_activity(request.into_request()).await?;
        Ok(())
    }

    async fn unpause(&self) -> anyhow::Result<()> {
        let request = UnpauseActivityRequest {
            namespace: self.client.namespace(),
            execution: Some(self.execution()),
            activity: Some(unpause_activity_request::Activity::Id(ACTIVITY_ID.to_owned())),
            ..Default::default()
        };
        self.client.clone().unpause_activity(request.into_request()).await?;
        Ok(())
    }

    async fn reset(&self, reset_heartbeat: bool) -> anyhow::Result<()> {
        let request = ResetActivityRequest {
            namespace: self.client.namespace(),
            execution: Some(self.execution()),
            activity: Some(reset_activity_request::Activity::Id(ACTIVITY_ID.to_owned())),
            reset_heartbeat,
            ..Default::default()
        };
        self.client.clone().reset_activity(request.into_request()).await?;
        Ok(())
    }
}
