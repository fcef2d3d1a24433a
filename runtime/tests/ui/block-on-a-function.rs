use autobeat::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[activities]
async fn greet(_context: ActivityContext) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
