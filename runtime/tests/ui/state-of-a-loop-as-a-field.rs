use autobeat::{Checkpoint, Finished, activity};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    finished: Finished,
    cents: u64,
}

async fn send(_letter: String) -> Result<u64, ActivityError> {
    Ok(7)
}

#[activity(heartbeat_timeout = "30s")]
async fn send_all(checkpoint: Checkpoint<State>, letters: Vec<String>) -> Result<(), ActivityError> {
    let mut calls =
        checkpoint.resume_concurrent_at(letters, 8, |state| &mut state.finished, send);
    while let Some(cents) = calls.next().await {
        calls.state.cents += cents??;
    }
    Ok(())
}

fn main() {}
