use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "0s")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
