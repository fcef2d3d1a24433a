use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Steps;

#[activities(heartbeat_timeout = "30s")]
impl Steps {
    #[cfg_attr(all(), activity)]
    async fn step() -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
