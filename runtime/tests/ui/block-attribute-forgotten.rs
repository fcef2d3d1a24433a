use autobeat::activity;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

struct Greeter;

impl Greeter {
    #[activity]
    async fn greet(_context: ActivityContext, _name: String) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
