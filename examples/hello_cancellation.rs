//! Never ends by itself; when it is cancelled, the cancelled workflow cleans up.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example hello_cancellation
//! ```

use std::{process::ExitCode, time::Duration};

use autobeat::{Cancellation, activity};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use temporalio_sdk::{
    WorkerOptions, WorkflowCancellationToken, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};

const NAME: &str = "hello-cancellation";

/// Never ends by itself.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "1h")]
async fn never_complete(cancellation: Cancellation) -> Result<(), ActivityError> {
    println!("the activity runs");
    let cancelled = cancellation.cancelled().await;
    println!("the activity is {cancelled}");
    Err(cancelled.into())
}

/// What is to be done after a cancellation.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "10s")]
async fn clean_up() -> Result<(), ActivityError> {
    println!("the clean-up runs");
    tokio::time::sleep(Duration::from_millis(100)).await;
    println!("the clean-up is done");
    Ok(())
}

#[workflow]
#[derive(Default)]
struct HelloCancellationWorkflow;

#[workflow_methods]
impl HelloCancellationWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let result = ctx.execute_activity(never_complete, (), never_complete.options()).await;
        // In a scope of its own: that of the workflow is cancelled.
        let mut options = clean_up.options();
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        ctx.execute_activity(clean_up, (), options).await?;
        result?;
        Err(WorkflowTermination::cancelled())
    }
}

/// Never ends by itself; when it is cancelled, the cancelled workflow cleans up.
#[derive(Debug, Parser)]
struct Arguments {
    /// Cancel the workflow after this long
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    cancel_after: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, say_hello(Arguments::parse()).await)
}

async fn say_hello(Arguments { cancel_after }: Arguments) -> Result<(), Ending> {
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<HelloCancellationWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(never_complete)
        .register_activities(clean_up)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let (workflow, id) = (HelloCancellationWorkflow::run, NAME.to_owned());
    let run = server::Run { workflow, input: (), id, restart: true };
    let result = server::run_and_cancel(worker, run, cancel_after).await?;
    println!("the workflow {}", if result.is_some() { "completed" } else { "was cancelled" });
    Ok(())
}
