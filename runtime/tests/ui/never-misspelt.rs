use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", cancel_grace = "nevr")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
