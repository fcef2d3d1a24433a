use autobeat::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

struct Greeter;

#[activities]
impl Greeter {
    #[activity]
    async fn greet(&self, _context: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
