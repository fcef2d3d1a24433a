use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<impl ToString, ActivityError> {
    Ok(7)
}

fn main() {}
