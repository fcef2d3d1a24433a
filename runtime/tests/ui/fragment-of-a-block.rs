use autobeat::activities;
use temporalio_sdk::activities::ActivityError;

macro_rules! greeter {
    ($greeter:ty) => {
        #[activities(heartbeat_timeout = "30s")]
        impl $greeter {
            #[activity]
            async fn greet(&self) -> Result<(), ActivityError> {
                Ok(())
            }
        }
    };
}

struct Greeter;

greeter!(Greeter);

fn main() {}
