//! Whoever changes the import of one macro changes nothing else: the SDK's own examples, as they are
//! and with our macro, do the same on a real server.

// The SDK's code is not under the lints of this workspace.
#[allow(warnings, clippy::all, clippy::pedantic)]
mod examples {
    include!(concat!(env!("OUT_DIR"), "/parity/mod.rs"));
}

use std::time::Duration;

use autobeat_tests::{environment::Environment, worker::LocalWorker};
use examples::{ours, sdks};
use temporalio_client::{WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_sdk::WorkerOptions;

/// The names of the activities that are registered.
fn names(options: &WorkerOptions) -> Vec<String> {
    let shown = format!("{:?}", options.activities());
    let mut names: Vec<String> = shown.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// Runs the workflow of an example with one version of its activities, and returns what came of it.
macro_rules! run {
    ($environment:ident, $version:ident::$example:ident, $workflow:ident, $activities:ident, $input:expr, $cancel:expr) => {{
        use $version::$example::workflows::{$activities, $workflow};
        let name = format!("{}-{}", $environment.name(), stringify!($version));
        let options = WorkerOptions::new(name.clone())
            .register_workflow::<$workflow>()
            .unwrap()
            .register_activities($activities)
            .build();
        let activities = names(&options);
        let _worker = LocalWorker::start($environment.address(), options).await.unwrap();
        let start = WorkflowStartOptions::new(name.clone(), name).build();
        let run = $environment.client().start_workflow($workflow::run, $input, start);
        let run = run.await.unwrap();
        if $cancel {
            tokio::time::sleep(Duration::from_millis(500)).await;
            run.cancel(WorkflowCancelOptions::default()).await.unwrap();
        }
        let result = run.get_result(WorkflowGetResultOptions::default()).await;
        (activities, format!("{result:?}"))
    }};
}

/// Both versions of an example register the same activities and come to the same result.
macro_rules! same {
    ($test:ident: $example:ident with $workflow:ident and $activities:ident, $input:expr => $part:expr) => {
        same!($test: $example with $workflow and $activities, $input => $part, cancelled: false);
    };
    ($test:ident: $example:ident with $workflow:ident and $activities:ident, $input:expr => $part:expr, cancelled: $cancel:expr) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let Some(environment) = Environment::open().await else { return };
            let (theirs, ours) = (
                run!(environment, sdks::$example, $workflow, $activities, $input, $cancel),
                run!(environment, ours::$example, $workflow, $activities, $input, $cancel),
            );
            assert_eq!(theirs.0, ours.0, "their activities");
            assert!(ours.1.contains($part), "{} in {}", $part, ours.1);
            assert!(theirs.1.contains($part), "{} in {}", $part, theirs.1);
        }
    };
}

same!(hello_world: hello_world with HelloWorldWorkflow and GreetingActivities,
    "you".to_owned() => r#"Ok("Hello, you!")"#);
same!(heartbeating: activity_heartbeating with HeartbeatingWorkflow and HeartbeatingActivities,
    5 => r#"Ok("Completed 5 steps")"#);
same!(interceptor: activity_interceptor with ActivityInterceptorWorkflow and GreetingActivities,
    "you".to_owned() => r#"Ok("Hello, you! HELLO, YOU!")"#);
same!(local: local_activities with LocalActivitiesWorkflow and GreetingActivities,
    "you".to_owned() => r#"Ok(("Hello, you!", "Hello, you!"))"#);
same!(timer: timer_examples with TimerWorkflow and TimerActivities,
    () => r#"Ok("race_winner=activity, timer_cancelled=true")"#);
same!(polling: polling with PollingWorkflow and PollingActivities,
    5 => r#"Ok("Condition met on attempt 3")"#);
same!(saga: saga with SagaWorkflow and BookingActivities,
    "7".to_owned() => r#"Ok(["hotel-7", "flight-7", "car-7"])"#);
same!(failing_saga: saga with SagaWorkflow and BookingActivities,
    "fail".to_owned() => "Car booking failed");
same!(cancellation: cancellation with CancellationWorkflow and CancellationActivities,
    () => "cleanup done", cancelled: true);
