//! What must hold on a real Temporal server.
//!
//! One process, so that one server serves all. Each test has task queues and a workflow of its own.

// A moment that comes before the one that it must follow is a failure of the test: it may panic.
#![allow(clippy::unchecked_time_subtraction)]

mod adoption;
mod blocked;
mod by_hand;
mod cancel;
mod commit;
mod conversion;
mod edges;
mod ends;
mod failure;
mod hand_over;
mod handle;
mod languages;
mod lease;
mod liveness;
mod registration;
mod resume;
mod retries;
mod rolling;
mod side_by_side;
mod stand_in;
mod standalone;
mod tls;

use std::{path::Path, time::Duration};

use autobeat_tests::{
    environment::eventually,
    ledger::{Ledger, Record},
};

/// The worker that tests kill and freeze.
fn worker_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_worker"))
}

/// How often the activities under test beat at a timeout of 2 s: a third of it, where nothing else
/// was declared.
const INTERVAL: Duration = Duration::from_millis(667);

/// What a busy machine may add to an interval.
const LENIENCE: Duration = Duration::from_millis(500);

/// Far longer than anything here takes: only a test that fails waits for it.
const LIMIT: Duration = Duration::from_mins(1);

/// Waits until an item is done, by whichever attempt.
async fn item_done(ledger: &Ledger, item: u64) {
    let is_done = async || {
        let newest = ledger.newest()?;
        matches!(newest.record, Record::Item(done) if done >= item).then_some(())
    };
    eventually(&format!("item {item} done"), LIMIT, is_done).await;
}

/// Waits until so many attempts have begun, and returns with which item the last of them did.
async fn attempt_begun(ledger: &Ledger, number: usize) -> (u64, Duration) {
    let look = async || ledger.beginnings().get(number - 1).copied();
    eventually(&format!("attempt {number} begun"), LIMIT, look).await
}
