use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "1m", start_to_close_timeout = "1,5h")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
