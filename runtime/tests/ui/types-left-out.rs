use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn input(lines: Vec<_>) -> Result<(), ActivityError> {
    Ok(drop(lines))
}

#[activity(heartbeat_timeout = "30s")]
async fn state(done: autobeat::Checkpoint<_>) -> Result<(), ActivityError> {
    Ok(drop(done))
}

#[activity(heartbeat_timeout = "30s")]
async fn output() -> Result<_, ActivityError> {
    Ok(1)
}

fn main() {}
