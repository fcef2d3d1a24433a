use autobeat::{Checkpoint, Finished, activity};
use temporalio_sdk::activities::ActivityError;

async fn send(_letter: String) -> Result<(), ActivityError> {
    Ok(())
}

// Two errors, one an argument: what is no function the compiler does not take for the other's.
#[activity(heartbeat_timeout = "30s")]
async fn send_all(
    checkpoint: Checkpoint<Finished>,
    letters: Vec<String>,
) -> Result<(), ActivityError> {
    checkpoint.resume_concurrent(letters, send, 8).await
}

fn main() {}
