use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "100000000000y")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
