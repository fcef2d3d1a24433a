use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities(heartbeat_timeout = "30s")]
impl Greeter {
    #[activity(start_to_close_timeout = "10s")]
    async fn greet(_name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
