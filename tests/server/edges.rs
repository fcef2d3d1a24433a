//! Activities that are not scheduled as they were declared, or do not end where they began.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    environment::{Environment, eventually},
    variants::Successor,
    workflows::Outcome,
};

use crate::{LIMIT, attempt_begun, item_done};

const ITEM_TIME: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_is_too_large_fails_for_good_and_keeps_the_last_one() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let run = environment.start(environment.job("save_too_much", environment.plan(1, ITEM_TIME)));
    let run = run.await;

    let noted = async || ledger.noted(1, "cancelled-CheckpointTooLarge");
    eventually("the body is told", LIMIT, noted).await;
    let Outcome::Failed { type_name, message } = run.outcome().await else { panic!("no failure") };
    assert_eq!(type_name, "CheckpointTooLarge");
    assert!(message.contains("2097152") && message.contains("bytes"), "{message}");
    assert_eq!(ledger.beginnings().len(), 1, "it was tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_that_makes_details_too_large_is_left_out() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    let plan = environment.plan(1, ITEM_TIME);
    let run = environment.start(environment.job("show_too_much", plan)).await;
    assert_eq!(run.outcome().await, Outcome::Completed(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_another_shape_fail_by_name_and_are_not_quoted() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let first = environment.worker().await;
    let mut job = environment.job("change_shape", environment.plan(1, ITEM_TIME));
    // Time enough to exchange the workers.
    job.retry_interval = Duration::from_secs(2);
    let run = environment.start(job).await;
    attempt_begun(&ledger, 1).await;
    let failed = async || run.pending().await.filter(|pending| pending.attempt == 2);
    eventually("the first attempt failed", LIMIT, failed).await;
    drop(first);
    let _second = environment.worker_of(Successor).await;

    let Outcome::Failed { type_name, message } = run.outcome().await else { panic!("no failure") };
    assert_eq!(type_name, "BadCheckpoint");
    for part in ["attempt 2", "`u64`", "11 bytes", "on_bad_checkpoint"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(!message.contains("no number"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_timeout_on_the_servers_side_it_still_beats() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    let mut job = environment.job("process_items", environment.plan(1_000, ITEM_TIME));
    job.heartbeat_timeout = Duration::ZERO;
    let run = environment.start(job).await;

    eventually("a heartbeat", LIMIT, async || run.stored().await).await;
    assert_eq!(run.outcome().await, Outcome::Completed(1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_timeout_than_declared_is_the_one_that_is_kept() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker().await;
    let sleep = Action::Sleep(Duration::from_secs(2));
    let mut job = environment.job("process_items", environment.plan(0, ITEM_TIME).first(1, sleep));
    // The declared 2 s would beat every 0.67 s.
    job.heartbeat_timeout = Duration::from_millis(600);
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(0));
    assert_eq!(environment.ledger().beginnings().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_activity_saves_to_nowhere_and_can_be_cancelled() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let mut job = environment.job("process_items", environment.plan(u64::MAX, ITEM_TIME));
    job.local = true;
    let run = environment.start(job).await;
    item_done(&ledger, 100).await;

    run.cancel().await;
    // The server tells of it only when the workflow task of the local activity is renewed.
    let told = async || ledger.noted(1, "cancelled-Requested");
    eventually("the body is told", LIMIT, told).await;
    assert_eq!(run.outcome().await, Outcome::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_in_a_local_activity_waits_for_nobody() {
    let Some(environment) = Environment::open().await else { return };
    let mut job = environment.job("commit_items", environment.plan(100, ITEM_TIME));
    job.local = true;
    let run = environment.start(job).await;

    assert_eq!(run.outcome().await, Outcome::Completed(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_that_others_complete_beats_no_more_and_keeps_its_details() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _worker = environment.worker().await;
    let mut job = environment.job("leave_to_others", environment.plan(0, ITEM_TIME));
    job.heartbeat_timeout = Duration::from_secs(3);
    let run = environment.start(job).await;
    attempt_begun(&ledger, 1).await;

    let stored = async || run.stored().await;
    assert_eq!(eventually("its details are stored", LIMIT, stored).await, "7");
    let last_beat = run.pending().await.unwrap().last_heartbeat_time;
    // Three intervals, still within the timeout.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let pending = run.pending().await.unwrap();
    assert_eq!((pending.attempt, pending.last_heartbeat_time), (1, last_beat));

    run.complete(99).await;
    assert_eq!(run.outcome().await, Outcome::Completed(99));
}
