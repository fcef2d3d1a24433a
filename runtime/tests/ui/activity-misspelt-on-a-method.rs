use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities]
impl Greeter {
    #[activty(heartbeat_timeout = "30s")]
    async fn greet(_name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
