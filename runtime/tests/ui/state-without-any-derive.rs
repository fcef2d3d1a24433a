use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

struct State;

#[activity(heartbeat_timeout = "30s")]
async fn process(_done: Checkpoint<State>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
