use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", retry_policy(initial_interval = "1s"))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
