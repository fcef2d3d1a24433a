use autobeat::{Attempt, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(_attempts: Vec<Attempt>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
