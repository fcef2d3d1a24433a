use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Row;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<Row, ActivityError> {
    Ok(Row)
}

fn main() {}
