use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

struct Steps<T>(T);

impl<T> Steps<T>
where
    T: Clone,
{
    /// Between braces: `{`.
    #[activity(heartbeat_timeout = "30s")]
    async fn step() -> Result<(), ActivityError> {
        Ok(())
    }
}

fn main() {}
