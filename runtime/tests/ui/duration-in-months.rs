use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "5M")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
