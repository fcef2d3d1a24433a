use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process(
    _1: u8,
    _2: u8,
    _3: u8,
    _4: u8,
    _5: u8,
    _6: u8,
    _7: u8,
) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
