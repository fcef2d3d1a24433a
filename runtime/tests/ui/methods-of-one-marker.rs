use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

struct Steps;

#[activities(heartbeat_timeout = "30s")]
impl Steps {
    #[activity]
    async fn step1() -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity]
    async fn step_1() -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
