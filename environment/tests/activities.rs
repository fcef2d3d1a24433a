//! Our activities in the SDK's `ActivityEnvironment`, as its documentation says.

mod shared;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use autobeat::{Cancellation, Checkpoint, activities, activity};
use temporalio_client::{Client, tonic::Status};
use temporalio_sdk::{
    activities::ActivityError,
    testing::{ActivityEnvironment, ActivityEnvironmentError, TestActivityInfoOptions},
};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// A second each.
#[activity(heartbeat_timeout = "9s")]
async fn count_to(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
    for number in checkpoint.resume(0..end) {
        number?;
        sleep(SECOND).await;
    }
    Ok(end - u64::from(checkpoint.is_resumed()))
}

#[activity(heartbeat_timeout = "9s")]
async fn wait(cancellation: Cancellation, _input: ()) -> Result<(), ActivityError> {
    Ok(cancellation.run_until_cancelled(std::future::pending()).await?)
}

#[activity(heartbeat_timeout = "9s")]
async fn commit(checkpoint: Checkpoint<u64>, value: u64) -> Result<(), ActivityError> {
    Ok(checkpoint.commit(value).await?)
}

#[activity(heartbeat_timeout = "9s")]
fn fail(checkpoint: Checkpoint<u64>, _input: ()) -> anyhow::Result<()> {
    checkpoint.save(7)?;
    anyhow::bail!("a failure of its own")
}

struct Greeter {
    greeting: String,
}

#[activities]
impl Greeter {
    #[activity(heartbeat_timeout = "9s")]
    async fn greet(self: Arc<Self>, name: String) -> Result<String, ActivityError> {
        Ok(format!("{}, {name}!", self.greeting))
    }
}

/// What the environment observed, as the type that it is.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Vec<u64>>>);

impl Observed {
    fn values(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }
}

fn observed() -> (Observed, ActivityEnvironment) {
    let observed = Observed::default();
    let values = observed.clone();
    let environment = ActivityEnvironment::builder_with_default().on_heartbeat(move |details| {
        values.0.lock().unwrap().push(*details.downcast::<u64>().expect("the state itself"));
    });
    (observed, environment.build())
}

/// A client whose server knows nothing: an attempt of a test is not its business.
async fn client() -> Client {
    shared::client(|request| match request.rpc.as_str() {
        "GetSystemInfo" => Ok(Vec::new()),
        _ => Err(Status::not_found("no such attempt")),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn it_completes_and_its_heartbeats_are_observed() {
    let (observed, environment) = observed();
    assert_eq!(environment.run(count_to, 10).await.unwrap(), 10);
    // Each 3 s, less the jitter of the first.
    assert_eq!(observed.values(), [2, 5, 8]);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_from_the_details() {
    let environment =
        ActivityEnvironment::builder_with_default().heartbeat_details(7_u64).unwrap().build();
    assert_eq!(environment.run(count_to, 10).await.unwrap(), 9);
}

/// Cancels an activity that waits for that: it is answered as a request.
async fn assert_cancelled_after(environment: &ActivityEnvironment, length: Duration) {
    let cancel = async {
        sleep(length).await;
        environment.cancel();
    };
    let (ended, ()) = tokio::join!(environment.run(wait, ()), cancel);
    let is_cancelled =
        matches!(ended, Err(ActivityEnvironmentError::Activity(ActivityError::Cancelled { .. })));
    assert!(is_cancelled, "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn its_cancel_is_a_request() {
    let (_, environment) = observed();
    assert_cancelled_after(&environment, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_local_one_has_its_time_and_is_told_of_a_request() {
    let local = || TestActivityInfoOptions::builder().is_local(true).build();
    let environment = ActivityEnvironment::builder_with_default().info(local()).build();
    assert_eq!(environment.run(count_to, 5).await.unwrap(), 5);
    let environment = ActivityEnvironment::builder_with_default().info(local()).build();
    assert_cancelled_after(&environment, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_acknowledged() {
    let (observed, environment) = observed();
    environment.run(commit, 42).await.unwrap();
    assert_eq!(observed.values(), [42]);
}

#[tokio::test]
async fn a_failure_leaves_the_newest_value() {
    let (observed, environment) = observed();
    let ended = environment.run(fail, ()).await;
    assert!(format!("{ended:?}").contains("a failure of its own"), "{ended:?}");
    assert_eq!(observed.values(), [7]);
}

#[tokio::test]
async fn a_method_runs_on_its_instance() {
    let environment = ActivityEnvironment::builder_with_default()
        .register_activities(Greeter { greeting: "Hello".to_owned() })
        .build();
    assert_eq!(environment.run(Greeter::greet, "you".to_owned()).await.unwrap(), "Hello, you!");
}

#[tokio::test(start_paused = true)]
async fn a_token_of_its_own_changes_nothing() {
    let info = TestActivityInfoOptions::builder()
        .task_token(b"mine".to_vec())
        .heartbeat_timeout(9 * SECOND)
        .build();
    let environment = ActivityEnvironment::builder_with_default().info(info).build();
    assert_eq!(environment.run(count_to, 30).await.unwrap(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_token_and_a_start_of_its_own_change_nothing() {
    let info = TestActivityInfoOptions::builder()
        .task_token(b"mine".to_vec())
        .started_time(Some(SystemTime::now()))
        .heartbeat_timeout(9 * SECOND)
        .build();
    let environment = ActivityEnvironment::builder_with_default().info(info).build();
    assert_eq!(environment.run(count_to, 30).await.unwrap(), 30);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_tells_it_from_a_worker_it_is_said_what_to_do() {
    let now = Some(SystemTime::now());
    let info = TestActivityInfoOptions::builder()
        .task_token(b"mine".to_vec())
        .workflow_run_id(Some("mine".to_owned()))
        .scheduled_time(now)
        .started_time(now)
        .current_attempt_scheduled_time(now)
        .deadline(None)
        .heartbeat_timeout(9 * SECOND)
        .build();
    let said = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    std::panic::set_hook(Box::new(move |panic| *heard.lock().unwrap() += &panic.to_string()));
    let environment = ActivityEnvironment::builder_with_default().info(info).build();
    let ended = environment.run(count_to, 5).await;
    drop(std::panic::take_hook());
    assert!(ended.is_err(), "nobody hears of it: {ended:?}");
    let said = said.lock().unwrap();
    assert!(said.contains("test the activity with `autobeat::testing`"), "{said}");
}

#[tokio::test]
async fn a_client_changes_nothing() {
    let environment = ActivityEnvironment::builder_with_default().client(client().await).build();
    assert_cancelled_after(&environment, SECOND / 10).await;
}
