//! An attempt that fails by itself leaves its newest value to the next one.

use std::time::Duration;

use autobeat_tests::{activities::Action, environment::Environment, workflows::Outcome};

/// Fails right after a save, long before the first heartbeat goes out.
async fn fails_and_resumes(failure: Action) {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(200, Duration::from_millis(1)).before(1, 100, failure);
    let run = environment.start(environment.job("process_items", plan)).await;

    assert_eq!(run.outcome().await, Outcome::Completed(200));
    assert_eq!(ledger.beginnings().len(), 2);
    assert_eq!(ledger.beginnings()[1].0, 100);
    assert_eq!(ledger.missing(200), [] as [u64; 0]);
    assert_eq!(ledger.repeated(1, 2), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_leaves_a_value_saved_just_before_it() {
    fails_and_resumes(Action::Fail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_a_value_saved_just_before_it() {
    fails_and_resumes(Action::Panic).await;
}
