use autobeat::{activity, embedded::Embedded};
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
async fn process(_path: &str) -> Result<u64, ActivityError> {
    Ok(7)
}

async fn use_it(engine: Embedded) {
    let _ = WorkerOptions::new("files").register_activities(process).build();
    let _ = process.options();
    let done: Result<u64, _> = engine.run(process, "id", "path".to_owned()).await;
    drop(done);
}

fn main() {}
