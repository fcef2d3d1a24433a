use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities(heartbeat_timeout = "30s")]
impl Greeter {
    #[activity]
    async fn greet() -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {
    let _ = Greeter::greet.start_options("queue", "id");
}
