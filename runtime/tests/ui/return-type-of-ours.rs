use autobeat::activity;

struct Done;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Done {
    Done
}

fn main() {}
