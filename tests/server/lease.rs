//! An attempt whose time is over, or of whom the server hears nothing, makes way for the next one.

use std::time::{Duration, Instant};

use autobeat_tests::{environment::Environment, workflows::Outcome};

use crate::{INTERVAL, LENIENCE, attempt_begun, item_done, worker_program};

const ITEM_TIME: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_time_is_over_leaves_what_it_saved() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let mut job = environment.job("process_items", environment.plan(500, ITEM_TIME));
    job.start_to_close_timeout = Duration::from_millis(1_500);
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(500));
    assert_eq!(ledger.missing(500), [] as [u64; 0]);
    assert_eq!(ledger.beginnings().len(), 2);
    // The last heartbeat of an attempt goes out half an interval before its time is over.
    let repeated = ledger.repeated_work(1, 2);
    eprintln!("time over: repeated {repeated:?} of work");
    assert!(repeated <= INTERVAL / 2 + LENIENCE, "{repeated:?} of work repeated");
    let stopped = ledger.last_of(1).unwrap();
    assert!(stopped <= attempt_begun(&ledger, 2).await.1, "two attempts at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_process_stops_when_it_wakes_after_its_time() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let frozen = environment.worker_process(worker_program()).await;
    let run = environment
        .start(environment.job("process_items", environment.plan(1_000, ITEM_TIME)))
        .await;
    item_done(&ledger, 300).await;

    frozen.freeze().await.unwrap();
    let _second = environment.worker_process(worker_program()).await;
    attempt_begun(&ledger, 2).await;
    frozen.thaw().await.unwrap();
    let woken = autobeat_tests::ledger::now();

    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    let stopped = ledger.last_of(1).unwrap();
    eprintln!("frozen: stopped {:?} after waking", stopped.saturating_sub(woken));
    assert!(stopped <= woken + Duration::from_millis(50), "{:?} after waking", stopped - woken);
    // Nothing of what it told the server came to anything: the second attempt went on to its end.
    assert_eq!(ledger.beginnings().len(), 2);
    assert_eq!(ledger.missing(1_000), [] as [u64; 0]);
    assert!(ledger.noted(2, "completed").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_for_a_third_of_a_timeout_goes_unnoticed() {
    let Some((environment, mut server)) = Environment::open_alone().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let mut job = environment.job("process_items", environment.plan(1_000, ITEM_TIME));
    job.heartbeat_timeout = Duration::from_secs(4);
    let run = environment.start(job).await;
    item_done(&ledger, 100).await;

    server.stop().unwrap();
    let gone = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.start_again().await.unwrap();
    eprintln!("gone for {:?}", gone.elapsed());

    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    assert_eq!(ledger.beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_before_the_next_when_the_server_is_gone() {
    let Some((environment, mut server)) = Environment::open_alone().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let job = environment.job("process_items", environment.plan(1_000, ITEM_TIME));
    let timeout = job.heartbeat_timeout;
    let run = environment.start(job).await;
    item_done(&ledger, 200).await;

    let gone = autobeat_tests::ledger::now();
    server.stop().unwrap();
    tokio::time::sleep(2 * timeout).await;
    server.start_again().await.unwrap();

    let (from, begun) = attempt_begun(&ledger, 2).await;
    let stopped = ledger.last_of(1).unwrap();
    eprintln!("server gone: stopped after {:?}, from {from}", stopped - gone);
    assert!(stopped <= gone + timeout + Duration::from_millis(50), "{:?}", stopped - gone);
    assert!(stopped < begun, "two attempts at once");
    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
    assert_eq!(ledger.missing(1_000), [] as [u64; 0]);
}
