use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", retry(initial_interval = "1s", maximum_attempts = 3))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
