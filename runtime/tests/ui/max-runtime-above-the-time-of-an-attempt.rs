use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "5m", max_runtime = "10m")]
async fn process(_checkpoint: Checkpoint<u64>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
