use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process<'a>(_path: &'a str) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
