use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(_checkpoint: Checkpoint) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
