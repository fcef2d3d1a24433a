use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

impl Greeter {
    /// Greets.
    #[activity(heartbeat_timeout = "30s")]
    async fn greet(_name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
