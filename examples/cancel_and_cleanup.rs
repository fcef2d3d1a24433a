//! A loop that is cancelled, an activity that never begins, and a clean-up in a scope of its own.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example cancel_and_cleanup
//! ```

use std::{process::ExitCode, time::Duration};

use autobeat::{Cancellation, Checkpoint, activity};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use temporalio_sdk::{
    WorkerOptions, WorkflowCancellationToken, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "cancel-and-cleanup";

/// Counts seconds until it is cancelled.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "1s", start_to_close_timeout = "30m")]
async fn activity_to_be_cancelled(
    seconds: Checkpoint<u64>,
    cancellation: Cancellation,
) -> Result<u64, ActivityError> {
    loop {
        if let Err(cancelled) =
            cancellation.run_until_cancelled(sleep(Duration::from_secs(1))).await
        {
            println!("cancelled after {} s", seconds.get());
            return Err(cancelled.into());
        }
        seconds.update(|seconds| *seconds += 1)?;
        println!("second {}", seconds.get());
    }
}

/// Comes after the cancelled one in the same scope, so it never begins.
#[activity(heartbeat_timeout = "5s", start_to_close_timeout = "30m")]
async fn activity_to_be_skipped() -> Result<(), ActivityError> {
    println!("this is never printed");
    Ok(())
}

/// Cleans up.
#[activity(heartbeat_timeout = "5s", start_to_close_timeout = "30m")]
async fn cleanup_activity() -> Result<(), ActivityError> {
    println!("cleaning up");
    Ok(())
}

#[workflow]
#[derive(Default)]
struct CancelAndCleanupWorkflow;

impl CancelAndCleanupWorkflow {
    async fn work(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let options = activity_to_be_cancelled.options();
        ctx.execute_activity(activity_to_be_cancelled, (), options).await?;
        let options = activity_to_be_skipped.options();
        Ok(ctx.execute_activity(activity_to_be_skipped, (), options).await?)
    }
}

#[workflow_methods]
impl CancelAndCleanupWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let result = Self::work(ctx).await;
        // In a scope of its own: that of the workflow is cancelled.
        let mut options = cleanup_activity.options();
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        ctx.execute_activity(cleanup_activity, (), options).await?;
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
        result
    }
}

/// A loop that is cancelled, an activity that never begins, and a clean-up in a scope of its own.
#[derive(Debug, Parser)]
struct Arguments {
    /// Cancel the workflow after this long
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    cancel_after: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, cancel(Arguments::parse()).await)
}

async fn cancel(Arguments { cancel_after }: Arguments) -> Result<(), Ending> {
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<CancelAndCleanupWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(activity_to_be_cancelled)
        .register_activities(activity_to_be_skipped)
        .register_activities(cleanup_activity)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let (workflow, id) = (CancelAndCleanupWorkflow::run, NAME.to_owned());
    let run = server::Run { workflow, input: (), id, restart: true };
    let result = server::run_and_cancel(worker, run, cancel_after).await?;
    println!("the workflow {}", if result.is_some() { "completed" } else { "was cancelled" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use autobeat::{
        CancelReason,
        testing::{Event, Trial},
    };

    use super::*;

    #[test]
    fn it_resumes_and_is_cancelled() {
        // It counts until it is cancelled, so no undisturbed run could be compared with.
        let crashed = Trial::of(activity_to_be_cancelled, ())
            .after_save(9, Event::Heartbeat)
            .after_save(10, Event::Crash)
            .run();
        let next = crashed.next().after_save(1, Event::Cancel(CancelReason::Requested)).run();
        assert!(next.is_cancelled());
        assert_eq!(next.saves::<u64>(), [10]);
    }
}
