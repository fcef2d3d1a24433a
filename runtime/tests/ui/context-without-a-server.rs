use autobeat::{activity, embedded::Embedded};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activity(heartbeat_timeout = "30s")]
async fn process(_context: ActivityContext) -> Result<(), ActivityError> {
    Ok(())
}

// Three errors: of a future that an `async fn` makes, the compiler says it where it is made, where it is
// named, and where it is awaited.
async fn run(engine: Embedded) {
    let _ = engine.run(process, "id", ()).await;
}

fn main() {}
