//! Heartbeats for activities that never heartbeat: four runs, four ends.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example auto_heartbeat
//! ```
//!
//! The first activity was written for the SDK alone and only sleeps; `AutoHeartbeat` beats for it. The
//! second has a checkpoint as well. In the fourth run nothing beats, and the server gives up.

use std::{process::ExitCode, time::Duration};

use autobeat::{AutoHeartbeat, Checkpoint, activities, activity};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_client::WorkflowSignalOptions;
use temporalio_common::{
    RetryPolicy,
    error::{ActivityExecutionError, IncomingError},
};
use temporalio_sdk::{
    ActivityOptions, SyncWorkflowContext, WorkerOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::{ActivityContext, ActivityError},
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "auto-heartbeat";

/// Written for the SDK alone.
struct Sleeper;

#[activities]
impl Sleeper {
    /// Only sleeps.
    #[activity]
    async fn sleep(_: ActivityContext, time: Duration) -> Result<(), ActivityError> {
        let _told = TellEnd("the first activity");
        sleep(time).await;
        Ok(())
    }
}

/// The same, for the run in which nothing beats for it.
struct Unheard;

#[activities]
impl Unheard {
    /// Only sleeps.
    #[activity]
    async fn sleep(_: ActivityContext, time: Duration) -> Result<(), ActivityError> {
        sleep(time).await;
        Ok(())
    }
}

/// Sleeps twice, and remembers that it has slept once.
#[activity(heartbeat_timeout = "7s")]
async fn sleep_twice(slept: Checkpoint<u64>, time: Duration) -> Result<(), ActivityError> {
    let _told = TellEnd("the second activity");
    for half in slept.resume(0..2) {
        half?;
        sleep(time / 2).await;
    }
    Ok(())
}

/// Says when a body ends, however it does.
struct TellEnd(&'static str);

impl Drop for TellEnd {
    fn drop(&mut self) {
        println!("  {} ends", self.0);
    }
}

/// One run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Job {
    second: Duration,
    is_heard: bool,
}

#[workflow]
#[derive(Default)]
struct AutoHeartbeatWorkflow {
    scope: WorkflowCancellationToken,
}

#[workflow_methods]
impl AutoHeartbeatWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<String> {
        let scope = ctx.state(|state| state.scope.clone());
        let is_cancelled = ctx.cancellation_token();
        let options = |timeout: u32, scope| {
            ActivityOptions::with_start_to_close_timeout(60 * job.second)
                .heartbeat_timeout(timeout * job.second)
                .cancellation_type(
                    temporalio_sdk::ActivityCancellationType::WaitCancellationCompleted,
                )
                .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
                .cancellation_token(scope)
                .build()
        };
        let first = if job.is_heard {
            ctx.execute_activity(Sleeper::sleep, 10 * job.second, options(8, scope)).await
        } else {
            ctx.execute_activity(Unheard::sleep, 10 * job.second, options(8, scope)).await
        };
        match first {
            Ok(()) => {}
            Err(ActivityExecutionError::Cancelled(_)) => return Ok("activity cancelled".to_owned()),
            Err(error) => return Ok(name_of(&error)),
        }
        let second =
            ctx.execute_activity(sleep_twice, 5 * job.second, options(7, is_cancelled)).await;
        match second {
            Ok(()) => Ok("completed".to_owned()),
            Err(ActivityExecutionError::Cancelled(_)) => Err(WorkflowTermination::cancelled()),
            Err(error) => Ok(name_of(&error)),
        }
    }

    /// Cancels the scope of the first activity alone.
    #[signal]
    fn cancel_activity(&mut self, _: &mut SyncWorkflowContext<Self>, (): ()) {
        self.scope.cancel();
    }
}

/// Which timeout it was, or what else.
fn name_of(error: &ActivityExecutionError) -> String {
    match error {
        ActivityExecutionError::Failed(failure) => match failure.cause() {
            Some(IncomingError::Timeout(timeout)) => {
                format!("{:?} timeout", timeout.timeout_type())
            }
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}

/// Heartbeats for activities that never heartbeat: four runs, four ends.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long a second of the sample is: it sleeps for ten of them and for five
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    second: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, run(Arguments::parse()).await)
}

async fn run(Arguments { second }: Arguments) -> Result<(), Ending> {
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<AutoHeartbeatWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(AutoHeartbeat::new(Sleeper).wrap(Sleeper::sleep))
        .register_activities(Unheard)
        .register_activities(sleep_twice)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    server::scene(worker, async |scene| {
        let start = async |name: &str, is_heard| {
            println!("{name}");
            let (workflow, id) = (AutoHeartbeatWorkflow::run, format!("{NAME}-{is_heard}"));
            let input = Job { second, is_heard };
            scene.start(server::Run { workflow, input, id, restart: true }).await
        };
        let undisturbed = start("undisturbed", true).await?;
        tell(undisturbed.result_unless_cancelled().await?);

        let signalled = start("its activity cancelled by a signal", true).await?;
        sleep(3 * second).await;
        let options = WorkflowSignalOptions::default();
        let signal = AutoHeartbeatWorkflow::cancel_activity;
        signalled.handle().signal(signal, (), options).await.map_err(Ending::failed)?;
        tell(signalled.result_unless_cancelled().await?);

        let cancelled = start("the workflow cancelled", true).await?;
        cancelled.cancel_after(12 * second).await?;
        tell(cancelled.result_unless_cancelled().await?);

        let unheard = start("without heartbeats", false).await?;
        tell(unheard.result_unless_cancelled().await?);
        Ok(())
    })
    .await
}

fn tell(end: Option<String>) {
    println!("  end: {}", end.unwrap_or_else(|| "workflow cancelled".to_owned()));
}

#[cfg(test)]
mod tests {
    use autobeat::testing::ResumeCheck;

    use super::*;

    #[test]
    fn it_resumes() {
        let check = ResumeCheck::in_world(sleep_twice, || (), |()| Duration::from_secs(5));
        // It sleeps, and that is all: it completes.
        check.any_result().run();
    }
}
