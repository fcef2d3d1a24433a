//! Counts to a hundred, resumes there, and is interrupted in its sleep.
//!
//! ```console
//! $ cargo run --example fake_progress
//! ```
//!
//! The loop is written by hand, to show what `checkpoint.resume(…)` does elsewhere: the value that is
//! saved says what is *done*, after it is. On a server, `--cancel-after 3s` cancels the workflow.

use std::{process::ExitCode, time::Duration};

use autobeat::{Cancellation, Checkpoint, Progress, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, listen, server};
use clap::Parser;
use temporalio_sdk::{
    ActivityExecutionError, WorkerOptions, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "fake-progress";

/// Makes progress from 1 to 100, and sleeps before each step.
#[activity(heartbeat_timeout = "3s", heartbeat_interval = "500ms", start_to_close_timeout = "60s")]
async fn fake_progress(
    checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
    pause: Duration,
) -> Result<u64, ActivityError> {
    checkpoint.show_progress(|percent| Progress::new(*percent).of(100).unit("%"));
    for percent in checkpoint.get() + 1..=100 {
        // Not the next step is what a cancellation interrupts, but this sleep.
        if let Err(cancelled) = cancellation.run_until_cancelled(sleep(pause)).await {
            println!("interrupted at {} %: {cancelled}", percent - 1);
            return Err(cancelled.into());
        }
        println!("progress: {percent} %");
        checkpoint.save(percent)?;
    }
    Ok(100)
}

#[workflow]
#[derive(Default)]
struct FakeProgressWorkflow;

#[workflow_methods]
impl FakeProgressWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, pause: Duration) -> WorkflowResult<u64> {
        match ctx.execute_activity(fake_progress, pause, fake_progress.options()).await {
            Err(ActivityExecutionError::Cancelled(_)) => Err(WorkflowTermination::cancelled()),
            result => Ok(result?),
        }
    }
}

/// Counts to a hundred, resumes there, and is interrupted in its sleep.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long each step takes
    #[arg(long, default_value = "300ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    /// On a server, cancel the workflow after this long
    #[arg(long, value_parser = humantime::parse_duration)]
    cancel_after: Option<Duration>,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, count(Arguments::parse()).await)
}

async fn count(arguments: Arguments) -> Result<(), Ending> {
    let Arguments { pause, cancel_after, place } = arguments;
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<FakeProgressWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(fake_progress)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let workflow = FakeProgressWorkflow::run;
    let reached = if let Some(after) = cancel_after {
        let (id, restart) = (NAME.to_owned(), place.restart);
        let run = server::Run { workflow, input: pause, id, restart };
        let result = server::run_and_cancel(worker, run, after).await?;
        result.ok_or_else(|| Ending::failed("the workflow was cancelled"))?
    } else {
        let here = async |engine: &Embedded, pause| engine.run(fake_progress, NAME, pause).await;
        place.run(NAME, worker, workflow, pause, here).await?
    };
    println!("reached {reached} %");
    Ok(())
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck};

    use super::*;

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(fake_progress, || (), |()| Duration::from_millis(300)).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(fake_progress, || (), |()| Duration::from_millis(300)).run();
    }
}
