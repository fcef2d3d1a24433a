use autobeat::{Checkpoint, Finished, activity};
use temporalio_sdk::activities::ActivityError;

async fn send(_letter: String) -> std::io::Result<()> {
    Ok(())
}

#[activity(heartbeat_timeout = "30s")]
async fn send_all(
    checkpoint: Checkpoint<Finished>,
    letters: Vec<String>,
) -> Result<(), ActivityError> {
    checkpoint.resume_concurrent(letters, 8, send).await?;
    Ok(())
}

fn main() {}
