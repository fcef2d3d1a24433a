//! A worker of the activities under test, in a process that tests can kill and freeze.
//!
//! It ends when its standard input does, so that it never outlives the tests.

use std::{
    env,
    io::{self, Read, Write},
    process, thread,
};

use anyhow::Context;
use autobeat_tests::worker::{activity_worker, new_worker};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().context("the server's address is missing")?;
    let task_queue = arguments.next().context("the task queue is missing")?;
    end_with_standard_input();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    let mut worker = new_worker(&address, activity_worker(&task_queue, None)).await?;
    writeln!(io::stdout(), "ready")?;
    worker.run().await?;
    Ok(())
}

/// A thread, since the runtime may be blocked or busy.
fn end_with_standard_input() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
}
