//! Has an outside service run a job: submitted once, attached to again after a crash, cancelled with it.
//!
//! ```console
//! $ cargo run --example submit_job
//! ```
//!
//! Kill it while it waits, and run it again: it attaches to the same job. With `TEMPORAL_ADDRESS` set,
//! `--cancel-after 3s` cancels the workflow, and with it the job. Where no attempt runs when the cancellation
//! comes, nobody can cancel the job: that belongs into the workflow (see `saga`).

use std::{env, fs, path::PathBuf, process::ExitCode, time::Duration};

use autobeat::{Attempt, Cancellation, Cancelled, Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, file_in_a_folder, jobs::Jobs, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "submit-job";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    steps: u64,
    /// How long it waits between two looks at the job.
    pause: Duration,
    service: Jobs,
}

/// Has the service run a job, and waits for it; the checkpoint is the job's id.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn run_job(
    checkpoint: Checkpoint<Option<String>>,
    attempt: Attempt,
    cancellation: Cancellation,
    Job { steps, pause, service }: Job,
) -> Result<String, ActivityError> {
    let id = if let Some(id) = checkpoint.get() {
        println!("attached to job {id} again");
        id
    } else {
        // After a crash right here the next attempt submits again: by the key it is the same job.
        let id = service.submit(attempt.key())?;
        println!("submitted job {id}");
        id
    };
    let ended = async {
        checkpoint.commit(Some(id.clone())).await?;
        while service.look(&id)? < steps {
            cancellation.run_until_cancelled(sleep(pause)).await?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = ended.await {
        // For any other reason the next attempt attaches to it again.
        if error.downcast_ref().is_some_and(Cancelled::is_requested) {
            service.cancel(&id)?;
            println!("cancelled job {id}");
        }
        return Err(error.into());
    }
    Ok(format!("job {id} is done"))
}

#[workflow]
#[derive(Default)]
struct SubmitJobWorkflow;

#[workflow_methods]
impl SubmitJobWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(run_job, job, run_job.options()).await?)
    }
}

/// Has an outside service run a job.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many steps the job has
    #[arg(long, default_value_t = 40)]
    steps: u64,
    /// Pause between two looks at the job
    #[arg(long, default_value = "250ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    /// The folder of the service [default: one in the folder for temporary files]
    #[arg(long)]
    service: Option<PathBuf>,
    /// Cancel the workflow after this long, on a server
    #[arg(long, value_parser = humantime::parse_duration)]
    cancel_after: Option<Duration>,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, submit(Arguments::parse()).await)
}

async fn submit(arguments: Arguments) -> Result<(), Ending> {
    let Arguments { steps, pause, service, cancel_after, place } = arguments;
    let folder = service.unwrap_or_else(|| env::temp_dir().join("autobeat-service"));
    let folder = file_in_a_folder(&folder)?;
    fs::create_dir_all(&folder).map_err(Ending::failed)?;
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<SubmitJobWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(run_job)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let job = Job { steps, pause, service: Jobs { folder } };
    let workflow = SubmitJobWorkflow::run;
    let done = if let Some(after) = cancel_after {
        let run = server::Run { workflow, input: job, id: NAME.to_owned(), restart: place.restart };
        server::run_and_cancel(worker, run, after).await?
    } else {
        let here = async |engine: &Embedded, job| engine.run(run_job, NAME, job).await;
        Some(place.run(NAME, worker, workflow, job, here).await?)
    };
    println!("{}", done.as_deref().unwrap_or("the workflow was cancelled"));
    Ok(())
}

#[cfg(test)]
mod tests {
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
            let service = Jobs { folder: self.folder.path().to_owned() };
            Job { steps: 5, pause: Duration::from_secs(1), service }
        }

        fn log(&self) -> Vec<String> {
            let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        }

        /// A job is cancelled with its activity alone: a pause and a shutdown attach to it again.
        fn is_clean(&self, reason: CancelReason) -> bool {
            let is_cancelled = self.log() == ["submitted", "cancelled"];
            is_cancelled == (reason == CancelReason::Requested)
        }
    }

    #[test]
    fn a_job_is_submitted_once() {
        let check = ResumeCheck::in_world(run_job, World::new, World::job);
        check.effects(World::log).repeats_at_most(0).run();
    }

    #[test]
    fn a_job_is_cancelled_with_its_activity() {
        let check = CancelCheck::in_world(run_job, World::new, World::job);
        check.effects(World::log).cleaned_up(World::is_clean).run();
    }
}
