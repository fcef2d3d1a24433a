use autobeat::{Checkpoint, activities};
use temporalio_sdk::activities::ActivityError;

struct Greeter;

#[activities]
impl Greeter {
    #[activity]
    async fn greet(_done: Checkpoint<u64>) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
