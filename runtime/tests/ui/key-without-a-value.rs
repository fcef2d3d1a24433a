use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout)]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
