//! Shows the running activities of a namespace, live: bar, rate, time left, attempt, last heartbeat.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch -- import
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch -- --codec-endpoint https://codec.example.com
//! ```
//!
//! It reads what the server knows of every activity, in a workflow or without one, in whichever language
//! it is written: the `Progress` beside a checkpoint where there is one, else the beginning of its details.

mod codec;
mod screen;
mod told;

use std::{fmt::Display, process::ExitCode, time::Duration};

use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use futures_util::{StreamExt, TryStreamExt, stream};
use temporalio_client::{
    ActivityDescribeOptions, ActivityExecutionInfoLike, ActivityListOptions, Client,
    NamespacedClient, UntypedWorkflow, WorkflowDescribeOptions, WorkflowListOptions,
    errors::ClientError, tonic::Code,
};
use tokio::{runtime::Runtime, time::sleep};

use self::{
    codec::{CodecServer, RemoteCodec},
    screen::{Screen, Watched},
    told::Told,
};

const NAME: &str = "watch";

/// How many activities are read at once: each may be a question to a codec server.
const AT_ONCE: usize = 8;

/// Everything that runs in the namespace, as far as it is wanted.
async fn running(
    client: &Client,
    codec: Option<&RemoteCodec>,
    arguments: &Arguments,
) -> Result<Vec<Watched>, Ending> {
    let mut told = in_workflows(client, &arguments.query("ExecutionStatus = 'Running'")).await?;
    told.extend(alone(client, &arguments.query("CloseTime IS NULL")).await?);
    told.retain(|activity| activity.is_about(&arguments.about));
    told.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let codec = codec.map(RemoteCodec::for_a_look);
    let reading = stream::iter(told).map(|activity| activity.read(codec.as_ref()));
    Ok(reading.buffered(AT_ONCE).collect().await)
}

async fn in_workflows(client: &Client, query: &str) -> Result<Vec<Told>, Ending> {
    let workflows = client.list_workflows(query, WorkflowListOptions::default());
    let workflows: Vec<_> = workflows.try_collect().await.map_err(failed)?;
    let mut told = Vec::new();
    for workflow in workflows {
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow.id());
        // One that has ended meanwhile has nothing to show.
        let Ok(description) = handle.describe(WorkflowDescribeOptions::default()).await else {
            continue;
        };
        let pending = description.raw_description.pending_activities.into_iter();
        told.extend(pending.map(|pending| Told::in_workflow(workflow.id(), pending)));
    }
    Ok(told)
}

async fn alone(client: &Client, query: &str) -> Result<Vec<Told>, Ending> {
    let activities = client.list_activities(query, ActivityListOptions::default());
    let activities: Vec<_> = match activities.try_collect().await {
        // A server before 1.31 has none.
        Err(ClientError::Rpc(status)) if status.code() == Code::Unimplemented => return Ok(vec![]),
        listed => listed.map_err(failed)?,
    };
    let mut told = Vec::new();
    for activity in activities {
        let handle = client.get_untyped_activity_handle(activity.activity_id(), None);
        let options = ActivityDescribeOptions::builder()
            .include_heartbeat_details(true)
            .include_last_failure(true)
            .build();
        // As above.
        if let Ok(description) = handle.describe(options).await {
            told.push(Told::alone(description.raw_info().clone()));
        }
    }
    Ok(told)
}

fn failed(error: impl Display) -> Ending {
    Ending::failed(error)
}

/// The running activities of a namespace, live.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only those with this in their type, their id, or that of their workflow
    #[arg(default_value = "", hide_default_value = true)]
    about: String,
    /// Only those of this task queue; of a workflow, its own one counts
    #[arg(long)]
    task_queue: Option<String>,
    #[command(flatten)]
    codec: CodecServer,
    /// How often to look
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// Look so many times and end [default: until Ctrl-C]
    #[arg(long)]
    looks: Option<u64>,
}

impl Arguments {
    fn query(&self, running: &str) -> String {
        let quoted =
            |queue: &String| format!("{running} AND TaskQueue = '{}'", queue.replace('\'', "''"));
        self.task_queue.as_ref().map_or_else(|| running.to_owned(), quoted)
    }
}

fn main() -> ExitCode {
    listen();
    let arguments = Arguments::parse();
    let runtime = Runtime::new();
    let watched = runtime.map_err(Ending::failed).and_then(|runtime| {
        let watched = runtime.block_on(watch(arguments));
        // Not for a codec server that is silent, on whose answer a thread may still wait.
        runtime.shutdown_background();
        watched
    });
    end(NAME, watched)
}

async fn watch(arguments: Arguments) -> Result<(), Ending> {
    let client = server::connect().await?;
    let codec = arguments.codec.codec(client.namespace()).map_err(failed)?;
    let mut screen = Screen::new();
    let looking = async {
        for _ in 0..arguments.looks.unwrap_or(u64::MAX) {
            let watched = running(&client, codec.as_ref(), &arguments).await?;
            screen.show(&watched).map_err(failed)?;
            sleep(arguments.every).await;
        }
        Ok(())
    };
    tokio::select! {
        looked = looking => looked,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}
