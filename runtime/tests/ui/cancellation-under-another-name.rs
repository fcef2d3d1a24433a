use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

use autobeat::Cancellation as Stop;

#[activity(heartbeat_timeout = "30s")]
async fn process(_stop: Stop) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
