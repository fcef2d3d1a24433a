use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", schedule_to_close_timeout = "1m", retry(initial_interval = "1m"))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
