use autobeat::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use std::rc::Rc;

struct Greeter;

#[activities]
impl Greeter {
    #[activity]
    async fn wave(_context: ActivityContext) -> Result<(), ActivityError> {
        let name = Rc::new(1);
        std::future::ready(()).await;
        drop(name);
        Ok(())
    }
}

fn main() {}
