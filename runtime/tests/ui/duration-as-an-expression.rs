use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = Duration::from_secs(30))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
