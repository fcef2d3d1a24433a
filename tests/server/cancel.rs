//! A cancelled workflow stops its activity.

use std::time::Duration;

use autobeat_tests::{
    environment::{Environment, eventually},
    ledger,
    workflows::Outcome,
};

use crate::{INTERVAL, LENIENCE, LIMIT, item_done};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_workflow_reaches_the_body_within_an_interval() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(u64::MAX, Duration::from_millis(5));
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&ledger, 100).await;

    let asked = ledger::now();
    run.cancel().await;
    let told =
        eventually("the body is told", LIMIT, async || ledger.noted(1, "cancelled-Requested"));
    let latency = told.await - asked;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    eprintln!("told after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "told after {latency:?}");
}
