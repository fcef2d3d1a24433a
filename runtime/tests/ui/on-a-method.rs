use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Processor;

impl Processor {
    #[activity(heartbeat_timeout = "30s")]
    async fn process(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
