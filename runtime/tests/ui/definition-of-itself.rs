use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", definition = process)]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
