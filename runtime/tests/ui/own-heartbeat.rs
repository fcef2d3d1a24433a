use autobeat::activity;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activity(heartbeat_timeout = "30s")]
async fn process(context: ActivityContext) -> Result<(), ActivityError> {
    context.record_heartbeat(7).await?;
    Ok(())
}

fn main() {}
