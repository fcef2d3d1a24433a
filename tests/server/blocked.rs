//! Bodies that do not yield: in a blocking function, in an `async` one, and on every thread.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    environment::{Environment, eventually},
    ledger::{self, Ledger},
    workflows::Outcome,
};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun, item_done};

const ITEM_TIME: Duration = Duration::from_millis(5);

/// What the activities under test declare.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long the server waits before the attempt that follows one that timed out.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// How long a body may go on after it woke in an attempt that is over.
const STOPS_WITHIN: Duration = Duration::from_millis(50);

/// When the last item before the block was done.
fn blocked_at(ledger: &Ledger) -> Duration {
    ledger.items(1).iter().find(|(item, _)| *item == 49).expect("item 49").1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_function_resumes_after_a_panic() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(300, Duration::from_millis(1)).before(1, 150, Action::Panic);
    let run = environment.start(environment.job("block_items", plan)).await;

    assert_eq!(run.outcome().await, Outcome::Completed(300));
    assert_eq!(ledger.beginnings()[1].0, 150);
    assert_eq!(ledger.missing(300), [] as [u64; 0]);
    assert_eq!(ledger.repeated(1, 2), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_function_is_told_of_a_cancel() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(u64::MAX, ITEM_TIME);
    let run = environment.start(environment.job("block_items", plan)).await;
    item_done(&ledger, 150).await;

    run.cancel().await;
    let told = async || ledger.noted(1, "cancelled-Requested");
    let told = eventually("the body is told", LIMIT, told).await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    let latency = told - run.written_down(EventType::ActivityTaskCancelRequested).await;
    eprintln!("blocking function: told after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "told after {latency:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_blocking_function_fails_by_that_name_and_is_left_behind() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let block = Action::BlockThread(Duration::from_secs(4));
    let plan = environment.plan(100, ITEM_TIME).before(1, 50, block);
    let mut job = environment.job("block_items_or_stall", plan);
    job.max_attempts = 1;
    let run = environment.start(job).await;

    let Outcome::Failed { type_name, .. } = run.outcome().await else { panic!("no failure") };
    let failed = ledger::now() - blocked_at(&ledger);
    assert_eq!(type_name, "ActivityStalled");
    eprintln!("blocking function stalled: failed {failed:?} after it had blocked");
    let most = STALL_TIMEOUT + INTERVAL + GRACE + LENIENCE;
    assert!(failed <= most, "failed {failed:?} after it had blocked");
    // Its thread wakes in an attempt that is over.
    let told = async || ledger.noted(1, "cancelled-LeaseLost");
    eventually("the thread is told", LIMIT, told).await;
    assert_eq!(ledger.items(1).last().unwrap().0, 50, "it went on");
}

/// Longer than the timeout and all that is added to it.
const LONG: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn an_async_body_that_blocks_its_thread_keeps_its_lease() {
    lives_through(50, Action::BlockThread(LONG)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_blocks_its_thread_at_once_keeps_its_lease() {
    lives_through(0, Action::BlockThread(LONG)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_blocks_behind_a_commit_keeps_its_lease() {
    lives_through(50, Action::CommitAndBlockThread(LONG)).await;
}

/// Alone in its worker, whose other thread sleeps.
async fn lives_through(item: u64, block: Action) {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(100, ITEM_TIME).before(1, item, block);
    let run = environment.start(environment.job("process_items", plan)).await;
    assert_eq!(run.outcome().await, Outcome::Completed(100));
    assert!(ledger.noted(1, "woken").is_some(), "it was blocked");
    assert_eq!(ledger.beginnings().len(), 1, "one attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_async_body_that_blocks_its_thread_loses_its_lease() {
    let Some(environment) = Environment::open().await else { return };
    let block = Action::BlockThread(Duration::from_secs(6));
    let latest = STALL_TIMEOUT + INTERVAL + GRACE + TIMEOUT + RETRY_INTERVAL + LENIENCE;
    another_takes_over_and_it_stops(environment, "process_items_or_stall", block, latest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_in_a_blocked_runtime_loses_its_lease() {
    let Some(environment) = Environment::open().await else { return };
    let block = Action::BlockRuntime(Duration::from_secs(4));
    // The last beat went out at most an interval before.
    let latest = TIMEOUT + RETRY_INTERVAL + LENIENCE;
    another_takes_over_and_it_stops(environment, "process_items", block, latest).await;
}

async fn another_takes_over_and_it_stops(
    environment: Environment,
    activity: &str,
    block: Action,
    latest: Duration,
) {
    let ledger = environment.ledger();
    let _blocked = environment.worker().await;
    let plan = environment.plan(1_000, ITEM_TIME).before(1, 50, block);
    let run = environment.start(environment.job(activity, plan)).await;
    item_done(&ledger, 49).await;
    let _second = environment.worker().await;

    let taken_over = attempt_begun(&ledger, 2).await.1 - blocked_at(&ledger);
    eprintln!("{block:?}: taken over {taken_over:?} after it had blocked");
    assert!(taken_over <= latest, "taken over {taken_over:?} after it had blocked");
    let woken = eventually("the body wakes", LIMIT, async || ledger.noted(1, "woken")).await;

    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    let stopped = ledger.last_of(1).unwrap() - woken;
    eprintln!("{block:?}: stopped {stopped:?} after it woke");
    assert!(stopped <= STOPS_WITHIN, "stopped {stopped:?} after it woke");
    assert_eq!(ledger.beginnings().len(), 2);
    assert_eq!(ledger.missing(1_000), [] as [u64; 0]);
}
