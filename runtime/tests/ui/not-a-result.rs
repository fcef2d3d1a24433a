use autobeat::activity;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> u64 {
    7
}

fn main() {}
