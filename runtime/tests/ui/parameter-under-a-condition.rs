use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(#[cfg(unix)] _mode: u32, _path: String) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
