use std::sync::Arc;

use autobeat::{activities, testing::Trial};
use temporalio_sdk::activities::ActivityError;

struct Images;

#[activities(heartbeat_timeout = "30s")]
impl Images {
    #[activity]
    async fn resize(self: Arc<Self>, width: u64) -> Result<u64, ActivityError> {
        Ok(width)
    }
}

fn main() {
    let _ = Trial::of(Images::resize, 7);
}
