use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

#[activities]
impl Greeter {
    #[activity(heartbeat_timeout = "30s")]
    async fn greet(_name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
