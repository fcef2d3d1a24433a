use std::sync::Arc;

use autobeat::{Checkpoint, activities};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

struct Greeter;

// Seven errors for seven mistakes: one does not hide the others.
#[activities(heartbeat_timeout = "30s", name = "greet", stall_timout = "1m")]
impl Greeter {
    #[activity(crate = autobeat)]
    async fn by_reference(&mut self) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity(heartbeat_interval = 20)]
    async fn too_late(self: Arc<Self>, name: &str) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn in_the_wrong_order(name: String, done: Checkpoint<u64>) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn right(_context: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {
    // The one that is right is there, and nothing more is said about it.
    let _ = Greeter::right.name();
}
