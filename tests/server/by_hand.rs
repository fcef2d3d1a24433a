//! What the SDK's own heartbeat gives to an activity that records it after each item: the other
//! column of the README's table.

use std::time::Duration;

use autobeat_tests::{
    environment::{Environment, eventually},
    ledger,
    workflows::Outcome,
};

use crate::{LIMIT, item_done, worker_program};

const ITEM_TIME: Duration = Duration::from_millis(1);

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_it_repeats_what_the_sdk_held_back() {
    const ITEMS: u64 = 10_000;
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let mut first = environment.worker_process(worker_program()).await;
    let job = environment.job("heartbeat_each_item", environment.plan(ITEMS, ITEM_TIME));
    let run = environment.start(job).await;

    item_done(&ledger, 3_000).await;
    first.kill().await.unwrap();
    let _second = environment.worker_process(worker_program()).await;

    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    eprintln!("by hand: repeated {:?} of work", ledger.repeated_work(1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_waits_for_the_heartbeat_that_the_sdk_sends() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = environment.job("heartbeat_each_item", environment.plan(u64::MAX, ITEM_TIME));
    let run = environment.start(job).await;
    item_done(&ledger, 500).await;

    let asked = ledger::now();
    run.cancel().await;
    let told = async || ledger.noted(1, "cancelled-Requested");
    let latency = eventually("the body is told", LIMIT, told).await - asked;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    eprintln!("by hand: told after {latency:?}");
}
