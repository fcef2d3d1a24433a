use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

#[activity(
    heartbeat_timeout = "30s",
    start_to_close_timeout = "1h",
    max_runtime = "10m",
    retry(non_retryable_error_types = ["BadInput", "HandOver"])
)]
async fn process(checkpoint: Checkpoint<u64>) -> Result<(), ActivityError> {
    for item in checkpoint.resume(0..10) {
        item?;
    }
    Ok(())
}

fn main() {}
