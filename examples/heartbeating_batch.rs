//! Walks a set of records by their offset, which is all that the heartbeat carries.
//!
//! ```console
//! $ cargo run --example heartbeating_batch
//! ```

use std::{process::ExitCode, time::Duration};

use autobeat::{Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "heartbeating-batch";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    records: u64,
    pause: Duration,
}

/// Processes one record after another; the checkpoint is the offset of the next one.
#[activity(heartbeat_timeout = "10s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn process_records(checkpoint: Checkpoint<u64>, job: Job) -> Result<u64, ActivityError> {
    if checkpoint.is_resumed() {
        println!("going on at offset {}", checkpoint.get());
    }
    for record in checkpoint.resume(0..job.records) {
        process(record?, job.pause).await;
    }
    Ok(job.records)
}

async fn process(record: u64, pause: Duration) {
    sleep(pause).await;
    println!("record {record}");
}

#[workflow]
#[derive(Default)]
struct HeartbeatingBatchWorkflow;

#[workflow_methods]
impl HeartbeatingBatchWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<u64> {
        Ok(ctx.execute_activity(process_records, job, process_records.options()).await?)
    }
}

/// Walks a set of records by their offset.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many records there are
    #[arg(long, default_value_t = 30)]
    records: u64,
    /// How long each takes
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    pause: Duration,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, walk(Arguments::parse()).await)
}

async fn walk(Arguments { records, pause, place }: Arguments) -> Result<(), Ending> {
    let job = Job { records, pause };
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<HeartbeatingBatchWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(process_records)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let here = async |engine: &Embedded, input| engine.run(process_records, NAME, input).await;
    let processed = place.run(NAME, worker, HeartbeatingBatchWorkflow::run, job, here).await?;
    println!("{processed} records processed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck};

    use super::*;

    fn job() -> Job {
        Job { records: 8, pause: Duration::from_secs(1) }
    }

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(process_records, || (), |()| job()).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(process_records, || (), |()| job()).run();
    }
}
