use autobeat::{Checkpoint, activity};
use temporalio_sdk::activities::ActivityError;

macro_rules! counts {
    ($state:ty) => {
        #[activity(heartbeat_timeout = "30s")]
        async fn process(done: Checkpoint<$state>) -> Result<(), ActivityError> {
            Ok(drop(done))
        }
    };
}

counts!(());

fn main() {}
