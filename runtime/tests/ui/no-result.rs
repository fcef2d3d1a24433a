use autobeat::activity;

#[activity(heartbeat_timeout = "30s")]
async fn process() {}

fn main() {}
