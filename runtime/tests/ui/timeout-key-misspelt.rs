use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heart_beat_timeout = "30s")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
