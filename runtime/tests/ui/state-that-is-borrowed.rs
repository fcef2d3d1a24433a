use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(_done: Checkpoint<&str>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
