#![deny(unused)]

use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
pub async fn process(process: u64, other: u64) -> Result<(), ActivityError> {
    Ok(drop((process, other)))
}

fn main() {}
