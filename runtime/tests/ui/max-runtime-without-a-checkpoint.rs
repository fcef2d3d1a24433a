use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", max_runtime = "10m")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
