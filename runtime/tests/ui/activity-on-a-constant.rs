use autobeat::{activities, activity};

struct Greeter;

#[activities]
impl Greeter {
    #[activity(heartbeat_timeout = "30s")]
    const LIMIT: u64 = 5;
}

fn main() {}
