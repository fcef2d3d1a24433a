use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

type Done = Checkpoint<u64>;

#[activity(heartbeat_timeout = "30s")]
async fn process(_done: Done, _path: String) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
