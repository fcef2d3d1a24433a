use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", retry(maximum_interval = "500ms"))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
