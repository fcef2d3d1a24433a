use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities(heartbeat_timeout = "30s")]
impl Greeter {
    #[activity]
    async fn greet(_name: String) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn greet(_names: Vec<String>) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
