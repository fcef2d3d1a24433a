use autobeat::{activity, testing::Trial};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activity(heartbeat_timeout = "30s")]
async fn process(_context: ActivityContext) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {
    let _ = Trial::of(process, ());
}
