use autobeat::{Checkpoint, activity};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;

#[derive(Clone, Serialize, Deserialize)]
struct State {
    position: u64,
    bytes: u64,
}

// What the body does with it says nothing of it again.
#[activity(heartbeat_timeout = "30s")]
async fn import(checkpoint: Checkpoint<State>, rows: Vec<String>) -> Result<u64, ActivityError> {
    checkpoint.save(checkpoint.get())?;
    checkpoint.update(|state| state.bytes += 1)?;
    checkpoint.commit(checkpoint.get()).await?;
    let mut rows = checkpoint.resume_at(rows, |state| &mut state.position);
    while let Some(row) = rows.next() {
        rows.state().bytes += row?.len() as u64;
    }
    Ok(checkpoint.get().bytes)
}

fn main() {}
