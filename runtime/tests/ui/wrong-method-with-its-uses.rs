use autobeat::activities;
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

struct Greeter;

#[activities(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
impl Greeter {
    #[activity]
    async fn greet(&self, _name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {
    let _ = WorkerOptions::new("greetings").register_activities(Greeter).build();
    let _ = Greeter::greet.options();
}
