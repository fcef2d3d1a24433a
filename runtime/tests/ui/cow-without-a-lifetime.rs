use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(_path: std::borrow::Cow<str>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
