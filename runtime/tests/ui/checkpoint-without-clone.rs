use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[derive(Default, serde::Deserialize, serde::Serialize)]
struct State;

#[activity(heartbeat_timeout = "30s")]
async fn process(_checkpoint: Checkpoint<State>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
