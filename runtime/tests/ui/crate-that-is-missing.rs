use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s", crate = missing)]
async fn process(_path: String) -> Result<u64, ActivityError> {
    Ok(7)
}

fn main() {}
