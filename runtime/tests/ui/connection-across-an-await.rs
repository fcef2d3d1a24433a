use autobeat::activity;
use temporalio_sdk::activities::ActivityError;

use std::rc::Rc;

/// As of a database, for one thread alone.
struct Connection(Rc<u64>);

#[activity(heartbeat_timeout = "30s")]
async fn process() -> Result<(), ActivityError> {
    let connection = Connection(Rc::new(1));
    std::future::ready(()).await;
    drop(connection.0);
    Ok(())
}

fn main() {}
