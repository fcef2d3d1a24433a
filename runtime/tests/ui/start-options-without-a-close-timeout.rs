use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {
    let _ = process.start_options("queue", "id");
}
