use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", start_to_close = "1h")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
