use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn input(lines: Vec<impl Clone>) -> Result<(), ActivityError> {
    Ok(drop(lines))
}

#[activity(heartbeat_timeout = "30s")]
async fn state(done: autobeat::Checkpoint<impl autobeat::CheckpointState>) -> Result<(), ActivityError> {
    Ok(drop(done))
}

#[activity(heartbeat_timeout = "30s")]
async fn output() -> Result<Vec<impl Clone>, ActivityError> {
    Ok(vec![1])
}

#[activity(heartbeat_timeout = "30s")]
async fn error() -> Result<(), impl std::error::Error> {
    Err(std::fmt::Error)
}

fn main() {}
