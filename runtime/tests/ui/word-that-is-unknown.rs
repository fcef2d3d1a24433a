use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", on_bad_checkpoint = "ignore")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
