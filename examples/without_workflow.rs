//! No workflow at all: a client starts an activity, looks at where it is, and gets its result.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example without_workflow
//! ```
//!
//! The server has to be of version 1.31 or later (1.31 with `activity.enableStandalone` switched on). Kill the program and run it again: it goes on.

use std::{pin::pin, process::ExitCode, time::Duration};

use autobeat::{Checkpoint, Seen, activity};
use autobeat_examples::{Ending, end, listen, server};
use temporalio_client::{ActivityDescribeOptions, ActivityIdConflictPolicy};
use temporalio_sdk::{WorkerOptions, activities::ActivityError};
use tokio::time::sleep;

const NAME: &str = "without-workflow";

/// Counts up to a number, slowly.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "1h")]
async fn count(checkpoint: Checkpoint<u64>, last: u64) -> Result<u64, ActivityError> {
    for number in checkpoint.resume(1..=last) {
        number?;
        sleep(Duration::from_millis(50)).await;
    }
    Ok(last)
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    let worker = WorkerOptions::new(NAME)
        .register_activities(count)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    end(NAME, server::scene(worker, start_and_watch).await)
}

async fn start_and_watch(scene: &server::Scene) -> Result<(), Ending> {
    let mut options = count.start_options(NAME, NAME);
    options.id_conflict_policy = ActivityIdConflictPolicy::UseExisting; // that of a killed program
    let started = scene.client().start_activity(count, 100, options).await;
    let activity = started.map_err(|error| Ending::failed(server::root(&error)))?;
    let mut result = pin!(activity.result());
    loop {
        tokio::select! {
            result = &mut result => {
                let number = result.map_err(|error| Ending::failed(server::root(&error)))?;
                println!("counted to {number}");
                return Ok(());
            }
            () = sleep(Duration::from_secs(1)) => {
                let options = ActivityDescribeOptions::builder().include_heartbeat_details(true);
                let told = activity.describe(options.build()).await.map_err(Ending::failed)?;
                let seen = told.heartbeat_details::<Seen<u64>>().await.map_err(Ending::failed)?;
                if let Some(Seen { checkpoint: Some(done), .. }) = seen {
                    println!("at {done}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use autobeat::testing::ResumeCheck;

    use super::*;

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(count, || (), |()| 20).run();
    }
}
