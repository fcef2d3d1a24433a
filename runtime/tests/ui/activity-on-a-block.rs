use autobeat::activity;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

struct Greeter;

#[activity(heartbeat_timeout = "30s")]
impl Greeter {
    async fn greet(_context: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
