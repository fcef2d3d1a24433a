use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[derive(serde::Serialize)]
struct Input;

#[activity(heartbeat_timeout = "30s")]
async fn process(_input: Input) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
