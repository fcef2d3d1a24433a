use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

use std::{cell::Cell, sync::Arc};

struct Counter(Cell<u64>);

#[activities(heartbeat_timeout = "30s")]
impl Counter {
    #[activity]
    async fn count(self: Arc<Self>) -> Result<u64, ActivityError> {
        Ok(self.0.get())
    }

    #[activity]
    fn count_slowly(self: Arc<Self>) -> Result<u64, ActivityError> {
        Ok(self.0.get())
    }
}

fn main() {}
