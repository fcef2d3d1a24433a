use autobeat::activity;

struct Wrong;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<u64, Wrong> {
    Err(Wrong)
}

fn main() {}
