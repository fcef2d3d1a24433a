use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(_cell: std::cell::Cell<u64>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
