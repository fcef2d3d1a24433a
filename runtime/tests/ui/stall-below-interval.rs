use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", stall_timeout = "5s")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
