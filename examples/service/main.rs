//! A service as a whole: one worker, four activities, and the workflow that runs them.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example service
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example service -- --worker
//! ```
//!
//! It imports 20,000 rows into a database, hashes their file, exports them to a receiver that is often busy,
//! and has somebody else run a job. With `--worker` it is one more worker, and starts nothing. Kill them,
//! freeze them, start others: each row is in the database once, and the job is submitted once.

mod activities;
mod nightly;
mod outside;
#[path = "../import_rows/rows.rs"]
mod rows;
#[cfg(test)]
mod tests;

use std::{
    env, fs,
    future::pending,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use autobeat::Progress;
use autobeat_examples::{Ending, end, file_in_a_folder, jobs::Jobs, listen, server};
use clap::Parser;
use temporalio_client::WorkflowDescribeOptions;
use temporalio_common::{
    HasWorkflowDefinition, protos::temporal::api::workflow::v1::PendingActivityInfo,
};
use temporalio_sdk::WorkerOptions;
use tokio::time::sleep;

use self::{
    activities::Service,
    nightly::{Night, NightlyWorkflow},
    outside::Receiver,
};

const NAME: &str = "service";

/// A workflow whose worker was killed goes on with another one after this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Imports, hashes, exports, and has a job run: one worker, four activities, one workflow.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the server is, `HOST:PORT` [default: what TEMPORAL_ADDRESS says]
    #[arg(long)]
    address: Option<String>,
    /// The task queue; the workflow has this name as well
    #[arg(long, default_value = NAME)]
    queue: String,
    /// The folder of its file, its database and what it sends [default: one for temporary files]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Only work, until Ctrl-C
    #[arg(long)]
    worker: bool,
    /// Pause before each transaction, and how long each call takes
    #[arg(long, default_value = "5ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    /// How often the file is hashed
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// How many steps the job has that somebody else runs
    #[arg(long, default_value_t = 40)]
    steps: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, serve(Arguments::parse()).await)
}

async fn serve(arguments: Arguments) -> Result<(), Ending> {
    let Arguments { address, queue, folder, worker: only_work, pause, rounds, steps } = arguments;
    let client = server::connect_to(address.as_deref()).await?;
    let folder = folder.unwrap_or_else(|| env::temp_dir().join("autobeat-nightly"));
    let folder = file_in_a_folder(&folder)?;
    let service = Service::in_folder(&folder, pause).map_err(Ending::failed)?;
    let worker = WorkerOptions::new(queue.clone())
        .register_workflow::<NightlyWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(service)
        // A shutdown hands the activities over at once: without such a period they are not told.
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .sticky_queue_schedule_to_start_timeout(PATIENCE)
        .build();
    let input = Night { file: folder.join("rows.csv"), rounds, steps };
    let run = server::Run { workflow: NightlyWorkflow::run, input, id: queue, restart: false };
    server::scene_on(client, worker, async |scene| {
        if only_work {
            return pending().await;
        }
        let started = scene.start(run).await?;
        let report = tokio::select! {
            report = started.result_unless_cancelled() => report?,
            () = show(&started) => None,
        };
        match report {
            Some(report) => println!("{}: {report:#?}", folder.display()),
            None => println!("the workflow was cancelled"),
        }
        Ok(())
    })
    .await
}

impl Service {
    /// All that it needs is in a folder; of the rows it makes a sample where there are none.
    fn in_folder(folder: &Path, pause: Duration) -> std::io::Result<Self> {
        let outside = folder.join("outside");
        fs::create_dir_all(&outside)?;
        if !folder.join("rows.csv").exists() {
            rows::sample(folder.join("rows.csv"))?;
        }
        Ok(Self {
            database: folder.join("rows.sqlite"),
            receiver: Receiver::new(outside.join("rows"), pause),
            jobs: Jobs { folder: outside },
            pause,
        })
    }
}

/// Says once a second how far the activities are, on whichever worker they run.
async fn show<W: HasWorkflowDefinition>(started: &server::Started<W>) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let told = started.handle().describe(WorkflowDescribeOptions::default()).await;
        // Where it cannot be asked at the moment, there is nothing to show.
        let Ok(told) = told else { continue };
        let pending = told.raw_description.pending_activities.iter().map(far);
        eprintln!("{}", pending.collect::<Vec<_>>().join(", "));
    }
}

/// How far an activity is: its progress is the second of its details.
fn far(activity: &PendingActivityInfo) -> String {
    let name = activity.activity_type.as_ref().map_or("", |of| &of.name);
    let name = name.trim_start_matches("Service::");
    let details = activity.heartbeat_details.as_ref().and_then(|it| it.payloads.get(1));
    let progress = details.and_then(|it| serde_json::from_slice::<Progress>(&it.data).ok());
    match progress {
        Some(Progress { done, total: Some(total), .. }) => format!("{name} {done} of {total}"),
        _ => format!("{name} begins"),
    }
}
