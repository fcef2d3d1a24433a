use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

// Four errors for four mistakes: one does not hide the others.
#[activity(heartbeat_timeout = 30, retries = 3)]
async fn process(_path: &str, _checkpoint: Checkpoint<u64>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
