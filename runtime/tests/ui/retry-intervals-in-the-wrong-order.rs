use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", retry(initial_interval = "1m", maximum_interval = "10s"))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
