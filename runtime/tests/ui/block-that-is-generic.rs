use std::sync::Arc;

use autobeat::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

struct Greeter<T>(T);

#[activities]
impl<T: Send + Sync + 'static> Greeter<T> {
    #[activity]
    async fn greet(self: Arc<Self>, _context: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
