use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout("1m"))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
