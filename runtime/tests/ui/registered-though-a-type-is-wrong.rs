use autobeat::activity;
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

// The use repeats, in its own words, what was said at the declaration.
struct Row;

#[activity(heartbeat_timeout = "30s")]
async fn process(_row: Row) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {
    let _ = WorkerOptions::new("rows").register_activities(process).build();
}
