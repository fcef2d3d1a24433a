use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Row;

#[activity(heartbeat_timeout = "30s")]
async fn process(_number: u64, _row: Row) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
