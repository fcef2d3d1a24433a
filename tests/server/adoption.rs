//! Activities that were written for the SDK alone, with a heartbeat that they know nothing of.

use std::time::Duration;

use autobeat_tests::{
    environment::{Environment, eventually},
    workflows::Outcome,
};

use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_activity_outlives_its_heartbeat_timeout() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    // Not shorter: all tests begin together, and take a good part of a second from each other.
    let mut job = environment.job("wait", environment.plan(50, Duration::from_millis(100)));
    job.heartbeat_timeout = Duration::from_secs(2);
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(50));
    assert_eq!(environment.ledger().beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_activity_is_stopped_by_a_cancel() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = environment.job("wait", environment.plan(1_000, Duration::from_secs(1)));
    let run = environment.start(job).await;
    attempt_begun(&ledger, 1).await;

    run.cancel().await;
    let dropped = eventually("the body is dropped", LIMIT, async || ledger.noted(1, "dropped"));
    let dropped = dropped.await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    let latency = dropped - run.written_down(EventType::ActivityTaskCancelRequested).await;
    eprintln!("wrapped: dropped after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "dropped after {latency:?}");
}
