//! The retry policy that an attribute declares.

use std::time::Duration;

use autobeat_tests::{
    declared::{AsDeclared, Order, Which, fail_by_plan},
    environment::Environment,
    workflows::Outcome,
};
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};

/// What the server's own timers and a busy machine may add.
const LATE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_policy_is_the_one_that_the_server_follows() {
    let Some(environment) = Environment::open().await else { return };
    let (client, name) = (environment.client(), environment.name().to_owned());
    let _worker = environment.worker_of(fail_by_plan).await;
    let plan = environment.plan(4, Duration::ZERO);
    let task_queue = environment.activity_queue();
    let order = Order { which: Which::FailByPlan, plan, task_queue };
    let options = WorkflowStartOptions::new(name.clone(), name.clone()).build();
    client.start_workflow(AsDeclared::run, order, options).await.expect("a workflow that starts");

    let handle = client.get_workflow_handle::<AsDeclared>(name);
    let outcome = handle.get_result(WorkflowGetResultOptions::default()).await;
    let Outcome::Failed { type_name, message } = outcome.expect("a workflow that completes") else {
        panic!("no failure")
    };
    assert_eq!((type_name.as_str(), message.as_str()), ("BadInput", "refused as planned"));
    let began = environment.ledger().beginnings();
    let between: Vec<Duration> = began.windows(2).map(|two| two[1].1 - two[0].1).collect();
    eprintln!("between attempts: {between:?}");
    let expected = [200, 600, 1_000, 1_000].map(Duration::from_millis);
    assert_eq!(between.len(), expected.len(), "{between:?}");
    for (between, expected) in between.iter().zip(expected) {
        assert!(*between >= expected && *between < expected + LATE, "{between:?}");
    }
}
