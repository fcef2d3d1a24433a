use std::sync::{Arc, Mutex};

use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<(), ActivityError> {
    let shared = Arc::new(Mutex::new(0));
    let guard = shared.lock().expect("nobody panics here");
    std::future::ready(()).await;
    drop(guard);
    Ok(())
}

fn main() {}
