//! Copies a file line by line, and cleans up once when it is cancelled.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example cancellation_cleanup -- --cancel-after 2s
//! ```

use std::{
    env, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use autobeat::{Cancellation, Checkpoint, activity};
use autobeat_examples::{Ending, end, file_in_a_folder, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    ActivityExecutionError, WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::{
    fs::{self, OpenOptions},
    io::AsyncWriteExt,
    time::sleep,
};

const NAME: &str = "cancellation-cleanup";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    lines: u64,
    pause: Duration,
    output: PathBuf,
}

/// Writes line after line; what is half-written goes away with a cancellation.
#[activity(heartbeat_timeout = "3s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn write_lines(
    checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
    job: Job,
) -> Result<u64, ActivityError> {
    for line in checkpoint.resume(0..job.lines) {
        match line {
            Ok(line) => write_line(&job, line).await?,
            Err(cancelled) => {
                // A pause or a shutdown goes on from here later: then there is nothing to clean up.
                if cancelled.is_requested() {
                    // Not dropped half-way, should the clean-up take longer than the grace.
                    cancellation.shield(clean_up(&job.output, checkpoint.get())).await?;
                }
                return Err(cancelled.into());
            }
        }
    }
    Ok(job.lines)
}

async fn write_line(job: &Job, line: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(&job.output).await?;
    file.write_all(format!("line {line}\n").as_bytes()).await?;
    file.flush().await?;
    sleep(job.pause).await;
    Ok(())
}

async fn clean_up(output: &Path, lines: u64) -> io::Result<()> {
    fs::remove_file(output).await?;
    println!("cleaned up after {lines} lines");
    Ok(())
}

#[workflow]
#[derive(Default)]
struct CancellationCleanupWorkflow;

#[workflow_methods]
impl CancellationCleanupWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<String> {
        match ctx.execute_activity(write_lines, job, write_lines.options()).await {
            Ok(lines) => Ok(format!("completed: {lines} lines")),
            Err(ActivityExecutionError::Cancelled(_)) => {
                Ok("the activity was cancelled".to_owned())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Copies a file line by line, and cleans up once when it is cancelled.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many lines to write
    #[arg(long, default_value_t = 100)]
    lines: u64,
    /// How long each takes
    #[arg(long, default_value = "100ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    /// Cancel the workflow after this long
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    cancel_after: Duration,
    /// Where to write [default: a file in the folder for temporary files]
    #[arg(long)]
    output: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, write(Arguments::parse()).await)
}

async fn write(arguments: Arguments) -> Result<(), Ending> {
    let Arguments { lines, pause, cancel_after, output } = arguments;
    let output = output.unwrap_or_else(|| env::temp_dir().join("autobeat-lines.txt"));
    let output = file_in_a_folder(&output)?;
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<CancellationCleanupWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(write_lines)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let input = Job { lines, pause, output: output.clone() };
    let (workflow, id) = (CancellationCleanupWorkflow::run, NAME.to_owned());
    let run = server::Run { workflow, input, id, restart: true };
    let result = server::run_and_cancel(worker, run, cancel_after).await?;
    println!("{}", result.as_deref().unwrap_or("the workflow was cancelled"));
    println!("{} {}", output.display(), if output.exists() { "is there" } else { "is gone" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use autobeat::{
        CancelReason,
        testing::{CancelCheck, ResumeCheck},
    };

    use super::*;

    struct World {
        folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn job(&self) -> Job {
            let output = self.folder.path().join("lines");
            Job { lines: 5, pause: Duration::from_millis(100), output }
        }

        fn lines(&self) -> Vec<String> {
            let text = fs::read_to_string(self.job().output).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        }

        /// A pause and a shutdown go on later: then the lines stay.
        fn is_clean(&self, reason: CancelReason) -> bool {
            self.job().output.exists() != (reason == CancelReason::Requested)
        }
    }

    #[test]
    fn it_resumes() {
        let check = ResumeCheck::in_world(write_lines, World::new, World::job);
        check.effects(World::lines).repeats_at_most(1).run();
    }

    #[test]
    fn it_cleans_up() {
        let check = CancelCheck::in_world(write_lines, World::new, World::job);
        check.effects(World::lines).cleaned_up(World::is_clean).run();
    }
}
