use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

// Two errors: the compiler says that the name is taken, and once that a module is no type. A workflow
// `Resize` makes such a module, too.
mod resize {}

#[activity(heartbeat_timeout = "30s")]
async fn resize() -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
