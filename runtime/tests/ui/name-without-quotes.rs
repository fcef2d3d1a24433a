use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", name = process)]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
