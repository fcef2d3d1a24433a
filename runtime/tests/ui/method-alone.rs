use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

impl Greeter {
    #[activity(heartbeat_timeout = "30s")]
    async fn greet(_greeter: Option<Self>) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
