use autobeat::{activity, embedded::Embedded};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activity(heartbeat_timeout = "30s")]
async fn process(_context: ActivityContext) -> Result<(), ActivityError> {
    Ok(())
}

async fn run(engine: Embedded) {
    let _ = engine.run(process, "id", ()).await;
}

fn main() {}
