use autobeat::{activities, activity};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activity(heartbeat_timeout = "30s")]
async fn greet(_name: String) -> Result<String, ActivityError> {
    unimplemented!()
}

struct Greeter;

#[activities]
impl Greeter {
    #[activity(definition = greet)]
    async fn greet(_context: ActivityContext, _number: u64) -> Result<String, ActivityError> {
        Ok(String::new())
    }
}

fn main() {}
