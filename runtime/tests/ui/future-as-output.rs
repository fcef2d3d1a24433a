use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
fn process() -> impl Future<Output = Result<(), ActivityError>> {
    async { Ok(()) }
}

fn main() {}
