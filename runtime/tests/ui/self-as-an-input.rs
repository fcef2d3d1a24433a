use autobeat::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

#[derive(serde::Deserialize, serde::Serialize)]
struct Greeter;

#[activities]
impl Greeter {
    #[activity]
    async fn greet(_context: ActivityContext, greeter: Self) -> Result<(), ActivityError> {
        drop(greeter);
        Ok(())
    }
}

fn main() {}
