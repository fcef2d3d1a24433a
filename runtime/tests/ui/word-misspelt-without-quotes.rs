use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", cancellation_type = try_cancle)]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
