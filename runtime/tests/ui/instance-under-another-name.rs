use std::sync::Arc;

use autobeat::{Checkpoint, activities};
use temporalio_sdk::activities::ActivityError;

struct Images;

#[activities(heartbeat_timeout = "30s")]
impl Images {
    #[activity]
    async fn resize(this: Arc<Self>, _done: Checkpoint<u64>) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
