use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "1ns")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
