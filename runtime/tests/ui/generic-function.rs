use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process<T: Send>(_input: T) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
