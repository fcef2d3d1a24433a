use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", heartbeat_interval = "20s")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
