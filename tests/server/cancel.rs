//! A cancelled workflow stops its activity.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    environment::{Environment, eventually},
    workflows::Outcome,
};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::{INTERVAL, LENIENCE, LIMIT, item_done};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_workflow_reaches_the_body_within_an_interval() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(u64::MAX, Duration::from_millis(5));
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&ledger, 100).await;

    run.cancel().await;
    let told =
        eventually("the body is told", LIMIT, async || ledger.noted(1, "cancelled-Requested"));
    let told = told.await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    let latency = told - run.written_down(EventType::ActivityTaskCancelRequested).await;
    eprintln!("cancelled: told after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "told after {latency:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_completes_though_it_was_cancelled_has_completed() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(u64::MAX, Duration::from_millis(5));
    let job = environment.job("process_items", plan.first(1, Action::CompleteAnyway));
    let run = environment.start(job).await;
    item_done(&ledger, 100).await;

    run.cancel().await;

    assert_eq!(run.outcome().await, Outcome::Completed(u64::MAX));
    assert!(ledger.noted(1, "completed").is_some());
}
