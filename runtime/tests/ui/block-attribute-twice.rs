use autobeat::{Checkpoint, activities};
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

struct Images;

#[activities]
#[activities(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
impl Images {
    #[activity]
    async fn resize(_done: Checkpoint<u64>) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {
    let _ = WorkerOptions::new("images").register_activities(Images);
    let _ = Images::resize.options();
}
