use autobeat::activity;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(())
}

fn main() {}
