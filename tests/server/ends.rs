//! An attempt that is asked to stop leaves its checkpoint to whatever comes next.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    environment::{Environment, Run, eventually},
    ledger::{self, Ledger, Record},
    worker::LocalWorker,
    workflows::Outcome,
};
use temporalio_common::protos::temporal::api::enums::v1::{EventType, PendingActivityState};

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun, item_done};

const ITEM_TIME: Duration = Duration::from_millis(5);
const ITEMS: u64 = 500;

/// Starts an activity with so many items, and waits until it is well under way.
async fn under_way(environment: &Environment, items: u64) -> (LocalWorker, Run) {
    let worker = environment.worker().await;
    let plan = environment.plan(items, ITEM_TIME);
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&environment.ledger(), 50).await;
    (worker, run)
}

/// Waits until the body of an attempt was told why to stop.
async fn told(ledger: &Ledger, attempt: u32, reason: &str) -> Duration {
    let note = format!("cancelled-{reason}");
    eventually(&note, LIMIT, async || ledger.noted(attempt, &note)).await
}

/// Waits until the server holds the activity back.
async fn paused(run: &Run) {
    let paused = PendingActivityState::Paused;
    let look = async || run.pending().await.filter(|pending| pending.state() == paused).map(drop);
    eventually("the activity is paused", LIMIT, look).await;
}

/// The item that comes after the last one of an attempt.
fn next_item(ledger: &Ledger, attempt: u32) -> u64 {
    ledger.items(attempt).last().expect("an item").0 + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_scope_stops_its_activity_alone() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let mut job = environment.job("process_items", environment.plan(u64::MAX, ITEM_TIME));
    job.own_scope = true;
    let run = environment.start(job).await;
    item_done(&ledger, 50).await;

    run.cancel_scope().await;
    let told = told(&ledger, 1, "Requested").await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    let latency = told - run.written_down(EventType::ActivityTaskCancelRequested).await;
    eprintln!("scope cancelled: told after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "told after {latency:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_activity_goes_on_from_its_last_item() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_worker, run) = under_way(&environment, 500).await;

    let asked = ledger::now();
    run.pause().await;
    eprintln!("paused: told after {:?}", told(&ledger, 1, "Paused").await - asked);
    paused(&run).await;
    assert_eq!(run.stored().await, Some(next_item(&ledger, 1).to_string()));
    let asked = ledger::now();
    run.unpause().await;
    eprintln!("unpaused: went on after {:?}", attempt_begun(&ledger, 2).await.1 - asked);

    assert_eq!(run.outcome().await, Outcome::Completed(500));
    assert_eq!(ledger.beginnings().len(), 2);
    assert_eq!(ledger.missing(500), [] as [u64; 0]);
    assert_eq!(ledger.repeated(1, 2), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_activity_can_be_cancelled() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_worker, run) = under_way(&environment, u64::MAX).await;

    run.pause().await;
    paused(&run).await;
    assert_eq!(run.stored().await, Some(next_item(&ledger, 1).to_string()));
    run.cancel().await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    assert_eq!(ledger.beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_reaches_a_body_that_still_cleans_up_after_a_pause() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(u64::MAX, ITEM_TIME);
    // Time enough for the pause, the command that cancels, and the heartbeat that learns of it.
    let plan = plan.first(1, Action::CleanUpFor(3 * INTERVAL));
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&ledger, 50).await;

    run.pause().await;
    told(&ledger, 1, "Paused").await;
    run.cancel().await;

    assert_eq!(run.outcome().await, Outcome::Cancelled);
    assert_eq!(ledger.beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_activity_begins_again_from_its_last_item() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_worker, run) = under_way(&environment, 500).await;

    let asked = ledger::now();
    run.reset(&[]).await;
    eprintln!("reset: told after {:?}", told(&ledger, 1, "Reset").await - asked);

    assert_eq!(run.outcome().await, Outcome::Completed(500));
    let items = ledger.items(1).len() + ledger.items(2).len();
    assert_eq!((items, ledger.beginnings().len()), (500, 2), "every item once");
    assert_eq!(ledger.missing(500), [] as [u64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_the_heartbeats_begins_from_nothing() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_worker, run) = under_way(&environment, 300).await;

    let asked = ledger::now();
    run.reset(&["--reset-attempts", "--reset-heartbeats"]).await;
    eprintln!("reset of the heartbeats: told after {:?}", told(&ledger, 1, "Reset").await - asked);

    assert_eq!(attempt_begun(&ledger, 2).await.0, 0);
    assert_eq!(run.outcome().await, Outcome::Completed(300));
    assert_eq!(ledger.missing(300), [] as [u64; 0]);
}

/// A server calls even an attempt that runs by another number then, and takes nothing from it by the old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_a_second_attempt_is_told_and_the_next_one_begins_at_once() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(ITEMS, ITEM_TIME).before(1, 50, Action::Fail);
    let run = environment.start(environment.job("process_items", plan)).await;
    attempt_begun(&ledger, 2).await;
    item_done(&ledger, 150).await;
    let asked = ledger::now();
    run.reset(&[]).await;
    let told = told(&ledger, 2, "Reset").await;
    let (next, began) = attempt_begun(&ledger, 3).await;
    eprintln!(
        "reset of attempt 2: told after {:?}, the next after {:?}",
        told - asked,
        began - told
    );
    assert!(told - asked <= INTERVAL + LENIENCE, "told after {:?}", told - asked);
    // Its first interval is 100 ms; the heartbeat timeout is 2 s.
    assert!(began - told < Duration::from_secs(1), "the next after {:?}", began - told);
    assert!(next > 150, "from {next}");

    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert!(ledger.missing(ITEMS).is_empty());
    let items = ledger.entries().into_iter().filter(|it| matches!(it.record, Record::Item(_)));
    assert_eq!(items.count() as u64, ITEMS, "none is done twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_that_completes_although_it_was_reset_has_completed() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(ITEMS, ITEM_TIME);
    let plan = plan.before(1, 50, Action::Fail).first(2, Action::CompleteAnyway);
    let run = environment.start(environment.job("process_items", plan)).await;
    attempt_begun(&ledger, 2).await;
    item_done(&ledger, 150).await;
    run.reset(&[]).await;
    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert_eq!(ledger.beginnings().len(), 2, "no third attempt");
    assert!(ledger.missing(ITEMS).iter().all(|item| *item > 150), "it was told, and completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_workflow_stops_its_activity() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_worker, run) = under_way(&environment, u64::MAX).await;

    run.terminate().await;
    let told = told(&ledger, 1, "NotFound").await;

    let latency = told - run.written_down(EventType::WorkflowExecutionTerminated).await;
    eprintln!("terminated: told after {latency:?}");
    assert!(latency <= INTERVAL + LENIENCE, "told after {latency:?}");
    assert_eq!(ledger.beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_from_one_that_shuts_down() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let leaving = environment.worker_with_grace(Duration::from_millis(200)).await;
    // The first attempt is far from its end for as long as the second worker may take to start.
    let plan = (60..260).fold(environment.plan(500, ITEM_TIME), |plan, item| {
        plan.before(1, item, Action::Sleep(Duration::from_millis(50)))
    });
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&ledger, 50).await;
    let _staying = environment.worker().await;

    leaving.shut_down().await;
    let stopped = told(&ledger, 1, "WorkerShutdown").await;
    let (_, begun) = attempt_begun(&ledger, 2).await;

    eprintln!("shut down: taken over after {:?}", begun - stopped);
    assert!(begun - stopped <= Duration::from_millis(500), "after {:?}", begun - stopped);
    assert_eq!(run.outcome().await, Outcome::Completed(500));
    assert_eq!(ledger.missing(500), [] as [u64; 0]);
    assert_eq!(ledger.repeated(1, 2), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_body_fails_by_that_name() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let plan = environment.plan(100, ITEM_TIME);
    let plan = plan.before(1, 50, Action::Sleep(LIMIT)).before(2, 60, Action::Sleep(LIMIT));
    let mut job = environment.job("process_items_or_stall", plan);
    job.max_attempts = 2;
    let run = environment.start(job).await;

    let Outcome::Failed { type_name, message } = run.outcome().await else { panic!("no failure") };
    let last = ledger.items(2).last().unwrap().1;
    eprintln!("stalled: failed {:?} after the last item", ledger::now() - last);
    assert_eq!(type_name, "ActivityStalled");
    assert!(message.contains("no progress for 1."), "{message}");
    assert_eq!(ledger.beginnings()[1].0, 50);
}
