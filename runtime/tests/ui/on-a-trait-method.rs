use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

trait Process {
    #[activity(heartbeat_timeout = "30s")]
    async fn process() -> Result<(), ActivityError>;
}

fn main() {}
