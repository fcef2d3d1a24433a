use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", stall_timeout = "2h", start_to_close_timeout = "1h")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
