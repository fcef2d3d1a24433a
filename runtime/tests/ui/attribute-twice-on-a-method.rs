use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities(heartbeat_timeout = "30s")]
impl Greeter {
    #[activity]
    #[activity(max_attempts = 3)]
    async fn greet() -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
