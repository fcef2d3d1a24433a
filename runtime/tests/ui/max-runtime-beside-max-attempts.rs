use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", max_runtime = "10m", max_attempts = 3)]
async fn process(_checkpoint: Checkpoint<u64>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
