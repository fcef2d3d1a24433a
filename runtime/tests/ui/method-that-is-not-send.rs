use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

use std::rc::Rc;

struct Greeter;

#[activities]
impl Greeter {
    #[activity(heartbeat_timeout = "30s")]
    async fn greet() -> Result<(), ActivityError> {
        let name = Rc::new(1);
        std::future::ready(()).await;
        drop(name);
        Ok(())
    }
}

fn main() {}
