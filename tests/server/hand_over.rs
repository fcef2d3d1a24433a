//! Attempts that hand over to the next one.

use std::{collections::BTreeMap, time::Duration};

use autobeat_tests::{
    activities::Action,
    declared::{AsDeclared, Order, Which},
    environment::Environment,
    ledger::{Ledger, Record},
    workflows::Outcome,
};
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

const ITEM_TIME: Duration = Duration::from_millis(5);
const ITEMS: u64 = 500;

/// What a busy machine may add to a hand-over.
const LATE: Duration = Duration::from_secs(1);

/// How long after the last item of each attempt the next one began, in their order.
fn between(ledger: &Ledger) -> Vec<Duration> {
    let mut attempts: BTreeMap<u32, (Duration, Duration)> = BTreeMap::new();
    for entry in ledger.entries() {
        let (began, last) = attempts.entry(entry.attempt).or_insert((entry.at, entry.at));
        match entry.record {
            Record::Begun(_) => *began = entry.at,
            Record::Item(_) => *last = entry.at,
            Record::Note(_) => {}
        }
    }
    let attempts: Vec<_> = attempts.into_values().collect();
    attempts.windows(2).map(|two| two[1].0 - two[0].1).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_hands_over_and_the_next_one_goes_on_at_once_on_whichever_worker() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let (_one, _other) = (environment.worker().await, environment.worker().await);
    let job = environment.job("process_items_in_turns", environment.plan(ITEMS, ITEM_TIME));
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    let between = between(&ledger);
    eprintln!("hand-over: taken over after {between:?}");
    assert!(between.len() >= 3, "{between:?}");
    assert!(between.iter().all(|took| *took < LATE), "{between:?}");
    assert!(ledger.missing(ITEMS).is_empty());
    let items = ledger.entries().into_iter().filter(|it| matches!(it.record, Record::Item(_)));
    assert_eq!(items.count() as u64, ITEMS, "none is done twice");
    assert!(ledger.noted(1, "cancelled-HandOver").is_some());
}

/// How long a hand-over may be on its way on a busy machine: the question before it was answered, and nothing
/// that comes meanwhile can turn it back.
const ON_ITS_WAY: Duration = Duration::from_millis(150);

/// However near to one it comes: the server would take the answer of a hand-over for the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_before_a_hand_over_is_answered_as_one() {
    const CANCELLATIONS: u32 = 8;
    let mut crossed = 0;
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    for number in 0..CANCELLATIONS {
        let plan = environment.plan(u64::MAX, ITEM_TIME);
        let id = format!("{}-{number}", environment.name());
        let run = environment.start_as(&id, environment.job("process_items_in_turns", plan)).await;
        // Within the last of the half second that an attempt runs, before any beat or just after it.
        tokio::time::sleep(Duration::from_millis(200 + u64::from(number) * 50)).await;
        run.cancel().await;
        let outcome = run.outcome().await;
        if matches!(&outcome, Outcome::Failed { type_name, .. } if type_name == "HandOver") {
            let requested = run.written_down(EventType::ActivityTaskCancelRequested).await;
            let handed_over = run.written_down(EventType::ActivityTaskFailed).await;
            let before = handed_over.saturating_sub(requested);
            assert!(before < ON_ITS_WAY, "number {number} was requested {before:?} before");
            crossed += 1;
        } else {
            assert_eq!(outcome, Outcome::Cancelled, "of number {number}");
        }
    }
    eprintln!("{crossed} of {CANCELLATIONS} crossed a hand-over on its way");
    assert!(crossed <= CANCELLATIONS / 2, "{crossed}");
}

/// The server counts hand-overs as attempts, so a failure after some of them waits as after as many.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_hand_overs_waits_as_after_as_many_failures() {
    let Some(environment) = Environment::open().await else { return };
    let (client, name) = (environment.client(), environment.name().to_owned());
    let ledger = environment.ledger();
    let _worker = environment.worker_of(autobeat_tests::declared::in_turns).await;
    // Some five attempts of half a second, of which the fourth fails.
    let plan = environment.plan(ITEMS, ITEM_TIME).first(4, Action::Fail);
    let task_queue = environment.activity_queue();
    let order = Order { which: Which::InTurns, plan, task_queue };
    let options = WorkflowStartOptions::new(name.clone(), name.clone()).build();
    client.start_workflow(AsDeclared::run, order, options).await.expect("a workflow that starts");
    let handle = client.get_workflow_handle::<AsDeclared>(name);
    let outcome = handle.get_result(WorkflowGetResultOptions::default()).await;
    assert_eq!(outcome.expect("a workflow that completes"), Outcome::Completed(ITEMS));

    let between = between(&ledger);
    eprintln!("three hand-overs, a failure: {between:?}");
    assert!(between[..3].iter().all(|took| *took < LATE), "{between:?}");
    // The first interval of 200 ms, doubled three times.
    let expected = Duration::from_millis(1_600);
    assert!(between[3] >= expected && between[3] < expected + LATE, "{between:?}");
    assert!(ledger.missing(ITEMS).is_empty());
}
