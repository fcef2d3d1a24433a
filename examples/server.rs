//! Running an example's workflow on the server that the environment names.

use std::{env, error::Error, time::Duration};

use temporalio_client::{
    Client, ClientOptions, Connection, WorkflowGetResultOptions, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions, envconfig::LoadClientConfigProfileOptions,
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
    let (connection, client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| Ending::failed(root(&error)))?;
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
    let client = connect().await?;
    let task_queue = options.task_queue.clone();
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default()).map_err(Ending::failed)?;
    let mut worker = Worker::new(&runtime, client.clone(), options).map_err(Ending::failed)?;
    let start = WorkflowStartOptions::new(task_queue, run.id.clone())
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
        .id_conflict_policy(if run.restart {
            WorkflowIdConflictPolicy::TerminateExisting
        } else {
            WorkflowIdConflictPolicy::UseExisting
        })
        .build();
    let handle = client
        .start_workflow(run.workflow, run.input, start)
        .await
        .map_err(|error| Ending::failed(root(&error)))?;
    println!("workflow {} on the server", run.id);

    let shut_down = worker.shutdown_handle();
    let result = tokio::select! {
        result = handle.get_result(WorkflowGetResultOptions::default()) => {
            result.map_err(|error| Ending::failed(root(&error)))
        }
        ended = worker.run() => {
            ended.map_err(|error| Ending::failed(root(&error)))?;
            Err(Ending::failed("the worker ended"))
        }
        _ = tokio::signal::ctrl_c() => Err(Ending::interrupted(format!(
            "interrupted; workflow {} goes on where it was with the next worker: run it again",
            run.id
        ))),
    };
    shut_down();
    // Its activities store their checkpoints and hand their work over.
    worker.run().await.map_err(|error| Ending::failed(root(&error)))?;
    result
}

/// The innermost error: what an activity said, without the layers that carried it.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
