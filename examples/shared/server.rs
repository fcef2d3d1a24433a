//! A worker on the server that the environment names, and what is done with it.

use std::{env, error::Error, io, pin::pin, time::Duration};

use temporalio_client::{
    Client, ClientOptions, Connection, WorkflowCancelOptions, WorkflowGetResultOptions,
    WorkflowHandle, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions,
    envconfig::LoadClientConfigProfileOptions, errors::WorkflowGetResultError,
};
use temporalio_common::HasWorkflowDefinition;
use temporalio_sdk::{Runtime, Worker, WorkerOptions, runtime::RuntimeOptions};

use crate::Ending;

/// How long a worker that shuts down waits before it tells its activities.
///
/// The SDK tells them only where a worker has such a period.
pub const SHUTDOWN_NOTICE: Duration = Duration::from_millis(50);

/// Whether the environment names a server: `TEMPORAL_ADDRESS`.
#[must_use]
pub fn is_named() -> bool {
    env::var_os("TEMPORAL_ADDRESS").is_some()
}

/// Connects as the environment says: address, namespace, TLS and the rest of the SDK's variables.
///
/// # Errors
///
/// What cannot be read or reached.
pub async fn connect() -> Result<Client, Ending> {
    connect_to(None).await
}

/// Connects as the environment says, but to this address, `host:port`, where there is one.
///
/// # Errors
///
/// What cannot be read or reached.
pub async fn connect_to(address: Option<&str>) -> Result<Client, Ending> {
    if address.is_none() && !is_named() {
        return Err(Ending::failed(
            "needs a Temporal server: run `temporal server start-dev` and set \
             TEMPORAL_ADDRESS=localhost:7233",
        ));
    }
    let (mut connection, client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| Ending::failed(root(&error)))?;
    if let Some(address) = address {
        let scheme = if connection.tls_options.is_some() { "https" } else { "http" };
        let target = format!("{scheme}://{address}").parse();
        connection.target =
            target.map_err(|error| Ending::failed(format!("{address}: {error}")))?;
    }
    let address = connection.target.to_string();
    let connection = Connection::connect(connection).await.map_err(|error| {
        Ending::failed(format!("cannot reach the Temporal server at {address}: {}", root(&error)))
    })?;
    Client::new(connection, client).map_err(|error| Ending::failed(root(&error)))
}

/// Which workflow to run.
#[derive(Debug)]
pub struct Run<W: HasWorkflowDefinition> {
    /// The workflow's `run`.
    pub workflow: W,
    /// Its input.
    pub input: W::Input,
    /// One that runs under this id already is joined.
    pub id: String,
    /// Whether to end that one and begin again.
    pub restart: bool,
}

/// Runs a worker and a workflow until the workflow ends, or Ctrl-C ends the worker.
///
/// # Errors
///
/// How the workflow failed, in the words of the activity that made it fail.
pub async fn run<W>(options: WorkerOptions, run: Run<W>) -> Result<W::Output, Ending>
where
    W: HasWorkflowDefinition,
    W::Input: Send,
{
    scene(options, async |scene| scene.start(run).await?.result().await).await
}

/// Runs a worker and a workflow that is cancelled after some time, unless it ends before.
///
/// # Errors
///
/// How it failed otherwise than cancelled.
pub async fn run_and_cancel<W>(
    options: WorkerOptions,
    run: Run<W>,
    after: Duration,
) -> Result<Option<W::Output>, Ending>
where
    W: HasWorkflowDefinition,
    W::Input: Send,
{
    scene(options, async |scene| {
        let started = scene.start(run).await?;
        tokio::select! {
            result = started.result_unless_cancelled() => result,
            cancelled = started.cancel_after(after) => {
                cancelled?;
                started.result_unless_cancelled().await
            }
        }
    })
    .await
}

/// Runs a worker for as long as a scene takes, or until Ctrl-C or a SIGTERM.
///
/// # Errors
///
/// Those of the scene, and what ends the worker before it.
pub async fn scene<T>(
    options: WorkerOptions,
    play: impl AsyncFnOnce(&Scene) -> Result<T, Ending>,
) -> Result<T, Ending> {
    scene_on(connect().await?, options, play).await
}

/// [`scene`] on the server of a client.
///
/// # Errors
///
/// As there.
pub async fn scene_on<T>(
    client: Client,
    options: WorkerOptions,
    play: impl AsyncFnOnce(&Scene) -> Result<T, Ending>,
) -> Result<T, Ending> {
    let scene = Scene { client: client.clone(), task_queue: options.task_queue.clone() };
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default()).map_err(Ending::failed)?;
    let mut worker = Worker::new(&runtime, client, options).map_err(Ending::failed)?;
    let shut_down = worker.shutdown_handle();
    // Not dropped before it ends: the tasks that it holds would be lost, and a shutdown wait for them.
    let mut running = pin!(worker.run());
    let result = tokio::select! {
        result = play(&scene) => result,
        ended = &mut running => {
            ended.map_err(|error| Ending::failed(root(&error)))?;
            return Err(Ending::failed("the worker ended"));
        }
        asked = asked_to_end() => Err(match asked {
            Ok(()) => Ending::interrupted(
                "interrupted; the work goes on where it was with the next worker: run it again",
            ),
            Err(error) => Ending::failed(error),
        }),
    };
    shut_down();
    // Its activities store their checkpoints and hand their work over.
    running.await.map_err(|error| Ending::failed(root(&error)))?;
    result
}

/// Waits until somebody wants the program to end: by Ctrl-C, or as a deploy says it.
async fn asked_to_end() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Where workflows and activities are started while a worker runs.
#[derive(Debug)]
pub struct Scene {
    client: Client,
    task_queue: String,
}

impl Scene {
    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Starts a workflow, or joins the one of that id.
    ///
    /// # Errors
    ///
    /// What the server refuses.
    pub async fn start<W>(&self, run: Run<W>) -> Result<Started<W>, Ending>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        let conflict = if run.restart {
            WorkflowIdConflictPolicy::TerminateExisting
        } else {
            WorkflowIdConflictPolicy::UseExisting
        };
        let options = WorkflowStartOptions::new(self.task_queue.clone(), run.id.clone())
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(conflict)
            .build();
        let started = self.client.start_workflow(run.workflow, run.input, options).await;
        let handle = started.map_err(|error| Ending::failed(root(&error)))?;
        println!("workflow {} on the server", run.id);
        Ok(Started { handle })
    }
}

/// A workflow that runs.
pub struct Started<W> {
    handle: WorkflowHandle<Client, W>,
}

impl<W: HasWorkflowDefinition> Started<W> {
    /// Its handle, for signals.
    #[must_use]
    pub fn handle(&self) -> &WorkflowHandle<Client, W> {
        &self.handle
    }

    /// Asks for its cancellation after some time.
    ///
    /// # Errors
    ///
    /// What the server refuses.
    pub async fn cancel_after(&self, time: Duration) -> Result<(), Ending> {
        tokio::time::sleep(time).await;
        println!("cancelling the workflow");
        let cancelled = self.handle.cancel(WorkflowCancelOptions::default()).await;
        cancelled.map_err(|error| Ending::failed(root(&error)))
    }

    /// What it returns.
    ///
    /// # Errors
    ///
    /// How it failed, in the words of the activity that made it fail; also that it was cancelled.
    pub async fn result(&self) -> Result<W::Output, Ending> {
        let result = self.handle.get_result(WorkflowGetResultOptions::default()).await;
        result.map_err(|error| Ending::failed(root(&error)))
    }

    /// What it returns, or nothing where it was cancelled.
    ///
    /// # Errors
    ///
    /// How else it failed.
    pub async fn result_unless_cancelled(&self) -> Result<Option<W::Output>, Ending> {
        match self.handle.get_result(WorkflowGetResultOptions::default()).await {
            Ok(output) => Ok(Some(output)),
            Err(WorkflowGetResultError::Cancelled { .. }) => Ok(None),
            Err(error) => Err(Ending::failed(root(&error))),
        }
    }
}

/// The innermost error: what an activity said, without the layers that carried it.
pub fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
