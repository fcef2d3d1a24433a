//! Polls something outside until it is ready, less and less often.
//!
//! ```console
//! $ cargo run --example polling -- FILE
//! ```
//!
//! It waits for FILE to be there; without one, for a file that it makes itself after ten seconds. How
//! often it has polled, and how long it waits next, survive a crash.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use autobeat::{Cancellation, Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, file_in_a_folder, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "polling";

/// The longest wait between two polls.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    polls: u64,
    next_wait: Duration,
}

impl Default for State {
    fn default() -> Self {
        Self { polls: 0, next_wait: Duration::from_millis(250) }
    }
}

/// Polls until the file is there.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "24h")]
async fn wait_for_file(
    checkpoint: Checkpoint<State>,
    cancellation: Cancellation,
    path: PathBuf,
) -> Result<State, ActivityError> {
    let mut state = checkpoint.get();
    if checkpoint.is_resumed() {
        println!("going on after {} polls", state.polls);
    }
    while !is_ready(&path).await? {
        state.polls += 1;
        println!("poll {}: not there; again in {:?}", state.polls, state.next_wait);
        let wait = state.next_wait;
        state.next_wait = LONGEST_WAIT.min(wait * 2);
        checkpoint.save(state.clone())?;
        cancellation.run_until_cancelled(sleep(wait)).await?;
    }
    Ok(state)
}

async fn is_ready(path: &Path) -> std::io::Result<bool> {
    tokio::fs::try_exists(path).await
}

#[workflow]
#[derive(Default)]
struct PollingWorkflow;

#[workflow_methods]
impl PollingWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, path: PathBuf) -> WorkflowResult<State> {
        Ok(ctx.execute_activity(wait_for_file, path, wait_for_file.options()).await?)
    }
}

/// Polls something outside until it is ready, less and less often.
#[derive(Debug, Parser)]
struct Arguments {
    /// The file to wait for [default: one that is made after ten seconds]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, poll(Arguments::parse()).await)
}

async fn poll(Arguments { file, place }: Arguments) -> Result<(), Ending> {
    let path = match file {
        // Where there is no folder nothing can ever be there.
        Some(file) => file_in_a_folder(&file)?,
        None => made_after(Duration::from_secs(10))?,
    };
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<PollingWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(wait_for_file)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let here = async |engine: &Embedded, input| engine.run(wait_for_file, NAME, input).await;
    let state = place.run(NAME, worker, PollingWorkflow::run, path.clone(), here).await?;
    println!("{} is there, after {} polls", path.display(), state.polls);
    Ok(())
}

/// A file that is not there yet.
fn made_after(time: Duration) -> Result<PathBuf, Ending> {
    let path = env::temp_dir().join("autobeat-polled");
    if path.exists() {
        fs::remove_file(&path).map_err(Ending::failed)?;
    }
    let made = path.clone();
    tokio::spawn(async move {
        sleep(time).await;
        // Where it cannot be made, the poll goes on, and Ctrl-C ends it.
        let _ = fs::write(made, "ready\n");
    });
    Ok(path)
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{Event, Trial};

    use super::*;

    #[test]
    fn how_often_it_polled_survives_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("polled");
        let crashed = Trial::of(wait_for_file, path.clone())
            .after_save(3, Event::Heartbeat)
            .after_save(4, Event::Crash)
            .run();
        assert_eq!(crashed.saves::<State>().len(), 4);
        fs::write(path, "ready\n").unwrap();
        let next = crashed.next().run();
        let state = next.output().expect("it is there");
        assert_eq!((state.polls, state.next_wait), (3, Duration::from_secs(2)));
    }
}
