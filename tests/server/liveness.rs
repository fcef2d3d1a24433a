//! The heartbeat speaks for an attempt that says nothing itself.

use std::time::Duration;

use autobeat_tests::{activities::Action, environment::Environment, workflows::Outcome};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_attempt_outlives_its_timeout_and_the_patience_of_the_sdk() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    let mut job = environment.job("process_items", environment.plan(0, Duration::from_secs(1)));
    job.heartbeat_timeout = Duration::from_secs(2);
    // The server gives an attempt up after one timeout without a heartbeat, and the SDK, which sees
    // only its own lane, after one timeout and 5 s: it then swallows even the result.
    let idle = 4 * job.heartbeat_timeout + Duration::from_secs(6);
    job.plan = job.plan.first(1, Action::Sleep(idle));
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(0));
    assert_eq!(environment.ledger().beginnings().len(), 1);
}
