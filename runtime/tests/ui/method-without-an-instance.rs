use std::sync::Arc;

use autobeat::{activities, embedded::Embedded};
use temporalio_sdk::activities::ActivityError;

struct Images;

#[activities(heartbeat_timeout = "30s")]
impl Images {
    #[activity]
    async fn resize(self: Arc<Self>, width: u64) -> Result<u64, ActivityError> {
        Ok(width)
    }
}

async fn run(engine: Embedded) {
    let _ = engine.run(Images::resize, "id", 7).await;
}

fn main() {}
