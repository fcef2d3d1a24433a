use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[derive(serde::Serialize, serde::Deserialize)]
struct Attempt {
    note: String,
}

#[activity(heartbeat_timeout = "30s")]
async fn grade(attempt: Attempt) -> Result<String, ActivityError> {
    Ok(attempt.note)
}

fn main() {}
