use autobeat::activity;

struct Wrong;

type Done = Result<u64, Wrong>;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Done {
    Ok(7)
}

fn main() {}
