use autobeat::activity;
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

fn worker<T: Default + Into<u64>>() -> WorkerOptions {
    // The advice is the compiler's for a plain function; an activity cannot be generic.
    #[activity(heartbeat_timeout = "30s")]
    async fn count() -> Result<u64, ActivityError> {
        Ok(T::default().into())
    }
    WorkerOptions::new("numbers").register_activities(count).build()
}

fn main() {
    let _ = worker::<u32>();
}
