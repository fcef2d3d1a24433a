//! Activities without a workflow, on a server of the newer release.

use std::time::Duration;

use autobeat_tests::{
    activities::{Action, Plan, process_items, process_items_in_turns},
    environment::{Environment, eventually},
    ledger::{Ledger, Record, now},
    variants::Variants,
};
use temporalio_client::{
    ActivityCancelOptions, ActivityDescribeOptions, ActivityExecutionDescription, ActivityHandle,
    ActivityStartOptions, ActivityTerminateOptions, Client, NamespacedClient, RetryPolicy,
    errors::ActivityResultError, grpc::WorkflowService, tonic::IntoRequest,
};
use temporalio_common::{
    ActivityDefinition,
    protos::temporal::api::workflowservice::v1::{
        PauseActivityExecutionRequest, ResetActivityExecutionRequest,
        UnpauseActivityExecutionRequest,
    },
};

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun, item_done, worker_program};

const ITEMS: u64 = 500;
const ITEM_TIME: Duration = Duration::from_millis(5);

/// More than any test lets it do.
const MANY: u64 = 1_000_000;

type Job = ActivityHandle<Client, process_items>;

fn retried_soon(environment: &Environment) -> ActivityStartOptions {
    let mut options = process_items.start_options(environment.activity_queue(), environment.name());
    let retry = RetryPolicy::builder().initial_interval(Duration::from_millis(100));
    options.retry_policy = Some(retry.build());
    options
}

async fn start(environment: &Environment, plan: Plan) -> Job {
    let started =
        environment.client().start_activity(process_items, plan, retried_soon(environment)).await;
    started.expect("an activity that starts")
}

async fn described(job: &Job) -> ActivityExecutionDescription<process_items> {
    let options = ActivityDescribeOptions::builder().include_heartbeat_details(true).build();
    job.describe(options).await.expect("a description")
}

/// The checkpoint that the server stores.
async fn stored(job: &Job) -> Option<u64> {
    described(job).await.heartbeat_details().await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_goes_on_after_its_own_error_and_shows_where_it_is() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    // Long before the first heartbeat goes out, and long after it.
    let plan = environment.plan(ITEMS, ITEM_TIME);
    let plan = plan.before(1, 20, Action::Fail).before(2, 300, Action::Panic);
    let job = start(&environment, plan).await;

    let seen =
        eventually("a checkpoint", LIMIT, async || stored(&job).await.filter(|done| *done > 20));
    assert!(seen.await <= ITEMS);
    assert_eq!(job.result().await.expect("a result"), ITEMS);
    let from: Vec<_> = ledger.beginnings().into_iter().map(|(from, _)| from).collect();
    assert_eq!(from, [0, 20, 300]);
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    assert_eq!(ledger.repeated(1, 2), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_started_as_its_attribute_declares() {
    let Some(environment) = Environment::open_newer().await else { return };
    let options = process_items.start_options(environment.activity_queue(), environment.name());
    let plan = environment.plan(ITEMS, ITEM_TIME);
    let started = environment.client().start_activity(process_items, plan, options).await;
    let description = described(&started.expect("an activity that starts")).await;
    assert_eq!(description.heartbeat_timeout(), Some(Duration::from_secs(2)));
    assert_eq!(description.start_to_close_timeout(), Some(Duration::from_mins(5)));
    assert_eq!(description.attempt(), 1);
}

async fn reset_now(environment: &Environment, activity_id: &str, reset_heartbeat: bool) {
    let mut client = environment.client().clone();
    let reset = ResetActivityExecutionRequest {
        namespace: client.namespace(),
        activity_id: activity_id.to_owned(),
        reset_heartbeat,
        ..Default::default()
    };
    client.reset_activity_execution(reset.into_request()).await.expect("reset");
}

/// What its attempts were told that they are called.
fn keys(ledger: &Ledger) -> Vec<String> {
    let notes = ledger.entries().into_iter().filter_map(|it| match it.record {
        Record::Note(note) => Some(note),
        _ => None,
    });
    notes.filter_map(|note| note.strip_prefix("key-").map(str::to_owned)).collect()
}

async fn start_blocks(
    environment: &Environment,
    items: u64,
) -> ActivityHandle<Client, impl ActivityDefinition<Output = u64>> {
    let plan = environment.plan(items, ITEM_TIME);
    let started = environment
        .client()
        .start_activity(Variants::show_blocks, plan, retried_soon(environment))
        .await;
    started.expect("an activity that starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn its_key_is_the_same_in_every_attempt_and_another_one_when_its_id_is_used_again() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    for _ in 0..2 {
        let job = start_blocks(&environment, 3).await;
        assert_eq!(job.result().await.expect("a result"), 3);
    }

    let keys = keys(&ledger);
    let [first, its_second, again, again_second] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!((first, again), (its_second, again_second));
    assert_ne!(first, again);
    let (name, scheduled) = (environment.name(), first.len() - environment.name().len());
    assert!(
        keys.iter().all(|key| key.ends_with(&format!("/{name}"))) && scheduled > 10,
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_key_outlives_a_reset() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = start_blocks(&environment, MANY).await;
    item_done(&ledger, 20).await;
    reset_now(&environment, job.activity_id(), false).await;
    let again = async || Some(keys(&ledger)).filter(|keys| keys.len() > 1);
    let keys = eventually("another attempt", LIMIT, again).await;
    job.terminate(ActivityTerminateOptions::default()).await.expect("terminate");
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_costs_an_interval() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let mut first = environment.worker_process(worker_program()).await;
    let job = start(&environment, environment.plan(ITEMS, ITEM_TIME)).await;
    item_done(&ledger, 300).await;
    first.kill().await.unwrap();
    let _second = environment.worker().await;

    assert_eq!(job.result().await.expect("a result"), ITEMS);
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    let (done, (from, _)) = (ledger.items(1).len() as u64, ledger.beginnings()[1]);
    eprintln!("without a workflow: {} items repeated after a kill", done - from);
    assert!(
        ITEM_TIME * u32::try_from(done - from).unwrap() <= INTERVAL + LENIENCE,
        "{done} {from}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_is_answered_as_one() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = start(&environment, environment.plan(MANY, ITEM_TIME)).await;
    item_done(&ledger, 100).await;

    let cancelled = now();
    job.cancel(ActivityCancelOptions::default()).await.expect("cancel");
    let result = job.result().await;
    assert!(matches!(result, Err(ActivityResultError::Cancelled { .. })), "{result:?}");
    let told = ledger.noted(1, "cancelled-Requested").expect("the body is told") - cancelled;
    eprintln!("without a workflow: cancelled after {told:?}");
    assert!(told <= INTERVAL + LENIENCE, "told after {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_learns_that_it_was_terminated() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = start(&environment, environment.plan(MANY, ITEM_TIME)).await;
    item_done(&ledger, 100).await;

    let terminated = now();
    job.terminate(ActivityTerminateOptions::default()).await.expect("terminate");
    let result = job.result().await;
    assert!(matches!(result, Err(ActivityResultError::Terminated)), "{result:?}");
    let noted = async || ledger.noted(1, "cancelled-NotFound");
    let told = eventually("the body is told", LIMIT, noted).await - terminated;
    eprintln!("without a workflow: terminated, told after {told:?}");
    assert!(told <= INTERVAL + LENIENCE, "told after {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_hands_over() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _workers = (environment.worker().await, environment.worker().await);
    let (activity, plan) = (process_items_in_turns, environment.plan(ITEMS, ITEM_TIME));
    let options = activity.start_options(environment.activity_queue(), environment.name());
    let started = environment.client().start_activity(activity, plan, options).await;

    let result = started.expect("an activity that starts").result().await;
    assert_eq!(result.expect("a result"), ITEMS);
    assert!(ledger.beginnings().len() >= 3, "{:?}", ledger.beginnings());
    let items = ledger.entries().into_iter().filter(|it| matches!(it.record, Record::Item(_)));
    assert_eq!(items.count() as u64, ITEMS, "none is done twice");
    assert!(ledger.noted(1, "cancelled-HandOver").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_shuts_down_hands_it_to_another() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let first = environment.worker_with_grace(Duration::from_millis(50)).await;
    let job = start(&environment, environment.plan(ITEMS, ITEM_TIME)).await;
    item_done(&ledger, 100).await;
    let _second = environment.worker().await;
    first.shut_down().await;

    assert_eq!(job.result().await.expect("a result"), ITEMS);
    assert!(ledger.noted(1, "cancelled-WorkerShutdown").is_some(), "{:?}", ledger.beginnings());
    assert_eq!(ledger.repeated(1, 2), []);
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    let took = ledger.beginnings()[1].1 - ledger.last_of(1).unwrap();
    eprintln!("without a workflow: taken over after {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paused_and_goes_on_where_it_was() {
    let Some(environment) = Environment::open_newer().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = start(&environment, environment.plan(ITEMS, ITEM_TIME)).await;
    item_done(&ledger, 100).await;

    let mut client = environment.client().clone();
    let pause = PauseActivityExecutionRequest {
        namespace: client.namespace(),
        activity_id: job.activity_id().to_owned(),
        ..Default::default()
    };
    client.pause_activity_execution(pause.into_request()).await.expect("pause");
    let noted = async || ledger.noted(1, "cancelled-Paused");
    eventually("the body is told", LIMIT, noted).await;
    tokio::time::sleep(INTERVAL).await;
    assert_eq!(ledger.beginnings().len(), 1, "it waits");

    let unpause = UnpauseActivityExecutionRequest {
        namespace: client.namespace(),
        activity_id: job.activity_id().to_owned(),
        ..Default::default()
    };
    client.unpause_activity_execution(unpause.into_request()).await.expect("unpause");
    assert_eq!(job.result().await.expect("a result"), ITEMS);
    assert_eq!(ledger.repeated(1, 2), []);
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
}

/// Resets it while it runs, in its second attempt; with which item the next one begins.
async fn reset(reset_heartbeat: bool) -> (u64, u64) {
    let environment = Environment::open_newer().await.expect("a server");
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(ITEMS, ITEM_TIME).before(1, 20, Action::Fail);
    let job = start(&environment, plan).await;
    attempt_begun(&ledger, 2).await;
    item_done(&ledger, 100).await;

    reset_now(&environment, job.activity_id(), reset_heartbeat).await;
    let noted = async || ledger.noted(2, "cancelled-Reset");
    let told = eventually("the body is told", LIMIT, noted).await;
    let (from, begun) = attempt_begun(&ledger, 3).await;
    eprintln!("without a workflow: reset, the next began {:?} after it was told", begun - told);
    let last = ledger.items(2).last().expect("an item").0;
    job.terminate(ActivityTerminateOptions::default()).await.expect("terminate");
    (from, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_on_where_it_was_or_where_the_server_is_told_to() {
    let Some(_) = Environment::open_newer().await else { return };
    let (from, last) = reset(false).await;
    assert_eq!(from, last + 1);
    let (from, _) = reset(true).await;
    assert_eq!(from, 0);
}
