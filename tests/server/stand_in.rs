//! In the test of a workflow, something else stands in for an activity of ours.

use std::time::Duration;

use autobeat::{Checkpoint, activity};
use autobeat_tests::{activities::Plan, environment::Environment, workflows::Outcome};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

/// What the workflow calls; it would take a day.
#[activity(heartbeat_timeout = "2s", name = "long-import")]
async fn import(checkpoint: Checkpoint<u64>, plan: Plan) -> Result<u64, ActivityError> {
    for item in checkpoint.resume(0..plan.items) {
        item?;
        sleep(Duration::from_hours(1)).await;
    }
    Ok(plan.items)
}

/// Stands in for it: what takes and returns the same, by its name.
#[activity(heartbeat_timeout = "2s", definition = import)]
async fn stand_in(plan: Plan) -> Result<u64, ActivityError> {
    Ok(std::future::ready(plan.items).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_tested_with_a_stand_in() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker_of(stand_in).await;
    let job = environment.job("long-import", environment.plan(24, Duration::ZERO));
    let run = environment.start(job).await;
    assert_eq!(run.outcome().await, Outcome::Completed(24));
}
