//! A worker process that is killed loses at most one heartbeat interval of work.

use std::time::{Duration, SystemTime};

use autobeat_tests::{
    activities::Action,
    environment::{Environment, Run, eventually},
    workflows::Outcome,
};

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun, item_done, worker_program};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_goes_on_where_a_killed_one_last_beat() {
    const ITEMS: u64 = 10_000;
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let mut first = environment.worker_process(worker_program()).await;
    let plan = environment.plan(ITEMS, Duration::from_millis(1));
    let run = environment.start(environment.job("process_items", plan)).await;

    item_done(&ledger, 3_000).await;
    first.kill().await.unwrap();
    let _second = environment.worker_process(worker_program()).await;

    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    assert_eq!(ledger.beginnings().len(), 2);
    let repeated = ledger.repeated_work(1, 2);
    eprintln!("killed: repeated {} items, {repeated:?} of work", ledger.repeated(1, 2).len());
    assert!(repeated <= INTERVAL + LENIENCE, "{repeated:?} of work repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_beats_of_an_attempt_keep_the_checkpoint_of_the_last() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let plan = environment
        .plan(2_000, Duration::from_millis(1))
        // The second attempt beats before it saves anything, and never comes to its first save.
        .first(2, Action::Sleep(LIMIT));
    let mut first = environment.worker_process(worker_program()).await;
    let run = environment.start(environment.job("process_items", plan)).await;
    item_done(&ledger, 1_000).await;
    first.kill().await.unwrap();

    let mut second = environment.worker_process(worker_program()).await;
    let (from, _) = attempt_begun(&ledger, 2).await;
    two_beats_of(&run, 2).await;
    second.kill().await.unwrap();

    let _third = environment.worker_process(worker_program()).await;
    assert_eq!(run.outcome().await, Outcome::Completed(2_000));
    assert!(from > 0, "the second attempt found nothing");
    assert_eq!(attempt_begun(&ledger, 3).await.0, from);
    assert_eq!(ledger.missing(2_000), [] as [u64; 0]);
}

/// Waits until the server has acknowledged the second heartbeat of an attempt.
async fn two_beats_of(run: &Run, attempt: i32) {
    let mut beats: Vec<SystemTime> = Vec::new();
    let look = async || {
        let pending = run.pending().await.filter(|pending| pending.attempt == attempt)?;
        let started: SystemTime = pending.last_started_time?.try_into().ok()?;
        let beat: SystemTime = pending.last_heartbeat_time?.try_into().ok()?;
        if beat > started && !beats.contains(&beat) {
            beats.push(beat);
        }
        (beats.len() == 2).then_some(())
    };
    eventually("two beats of the second attempt", LIMIT, look).await;
}
