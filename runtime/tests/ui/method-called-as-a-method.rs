use std::sync::Arc;

use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Images;

// The compiler offers nothing that people are not to call.
#[activities(heartbeat_timeout = "30s")]
impl Images {
    #[activity]
    async fn probe(self: Arc<Self>, width: u64) -> Result<u64, ActivityError> {
        Ok(width)
    }

    #[activity]
    async fn resize(self: Arc<Self>, width: u64) -> Result<u64, ActivityError> {
        Ok(self.probe(width).await?)
    }
}

fn main() {}
