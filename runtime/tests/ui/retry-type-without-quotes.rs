use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", retry(non_retryable_error_types = [BadInput]))]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
