//! Only waits, for hours if need be, and has a result of its own when it is cancelled.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example custom_decorator
//! ```

use std::{process::ExitCode, time::Duration};

use autobeat::{Cancellation, activity};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "custom-decorator";

/// Waits, and knows nothing of heartbeats: a body that catches the cancellation completes.
#[activity(heartbeat_timeout = "2s", start_to_close_timeout = "20h")]
async fn wait_for_cancellation(
    cancellation: Cancellation,
    time: Duration,
) -> Result<String, ActivityError> {
    match cancellation.run_until_cancelled(sleep(time)).await {
        Ok(()) => Ok("waited to the end".to_owned()),
        Err(cancelled) if cancelled.is_requested() => Ok("activity cancelled!".to_owned()),
        Err(cancelled) => Err(cancelled.into()),
    }
}

#[workflow]
#[derive(Default)]
struct CustomDecoratorWorkflow;

#[workflow_methods]
impl CustomDecoratorWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, time: Duration) -> WorkflowResult<String> {
        let options = wait_for_cancellation.options();
        Ok(ctx.execute_activity(wait_for_cancellation, time, options).await?)
    }
}

/// Only waits, and has a result of its own when it is cancelled.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long to wait
    #[arg(long, default_value = "15h", value_parser = humantime::parse_duration)]
    time: Duration,
    /// Cancel the workflow after this long
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    cancel_after: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, wait(Arguments::parse()).await)
}

async fn wait(Arguments { time, cancel_after }: Arguments) -> Result<(), Ending> {
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<CustomDecoratorWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(wait_for_cancellation)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let (workflow, id) = (CustomDecoratorWorkflow::run, NAME.to_owned());
    let run = server::Run { workflow, input: time, id, restart: true };
    let result = server::run_and_cancel(worker, run, cancel_after).await?;
    println!("result: {}", result.as_deref().unwrap_or("the workflow was cancelled"));
    Ok(())
}
