use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(process: u64) -> Result<(), ActivityError> {
    Ok(drop(process))
}

fn main() {}
