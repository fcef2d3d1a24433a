//! How long an activity may run in one process, one attempt and all together.

use std::time::Duration;

use autobeat::{Cancellation, Checkpoint, activity, embedded::Embedded};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

fn failure(type_name: &str) -> ActivityError {
    let failure = ApplicationFailure::builder("no luck").type_name(type_name.to_owned()).build();
    ActivityError::application(failure)
}

/// Counts seconds for longer than it may; fails first, where it is told to.
#[activity(heartbeat_timeout = "9s", schedule_to_close_timeout = "60s", cancel_grace = "never")]
async fn overtime(checkpoint: Checkpoint<u64>, fail_at: u64) -> Result<(), ActivityError> {
    loop {
        sleep(Duration::from_secs(1)).await;
        checkpoint.update(|second| *second += 1).ok();
        if checkpoint.get() == fail_at {
            return Err(failure("Luck"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_all_attempts_bounds_one_that_runs() {
    let (_folder, engine) = engine();
    for (fail_at, attempts) in [(0, 1), (30, 2)] {
        let began = Instant::now();
        let error = engine.run(overtime, "one", fail_at).await.unwrap_err();
        assert!((59..=61).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert!(error.is_failed());
        assert_eq!(error.failure_type(), Some("ScheduleToCloseTimeout"));
        assert!(error.to_string().contains("of all attempts together, 60s, is over"), "{error}");
        let stored = engine.stored::<u64>("one").unwrap().unwrap();
        assert_eq!(stored.attempt, attempts);
        assert!(stored.state.is_some_and(|second| second >= 57), "{:?}", stored.state);
        engine.forget("one").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_time_for_another_attempt_stands() {
    let (_folder, engine) = engine();
    let error = engine.run(overtime, "one", 59).await.unwrap_err();
    assert_eq!(error.failure_type(), Some("Luck"), "{error}");
}

/// Has less time together than one attempt would have.
#[activity(
    heartbeat_timeout = "5s",
    start_to_close_timeout = "20s",
    schedule_to_close_timeout = "50s"
)]
async fn told(checkpoint: Checkpoint<Vec<u64>>, began: u64) -> Result<(), ActivityError> {
    let second = Instant::now().duration_since(*EPOCH).as_secs() - began;
    checkpoint.update(|began| began.push(second))?;
    Err(checkpoint_cancelled(&checkpoint).await)
}

async fn checkpoint_cancelled(checkpoint: &Checkpoint<Vec<u64>>) -> ActivityError {
    loop {
        sleep(Duration::from_secs(1)).await;
        if let Err(cancelled) = checkpoint.touch() {
            return cancelled.into();
        }
    }
}

static EPOCH: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

#[tokio::test(start_paused = true)]
async fn an_attempt_has_what_is_left_for_all() {
    let (_folder, engine) = engine();
    let began = Instant::now();
    let offset = began.duration_since(*EPOCH).as_secs();
    let error = engine.run(told, "one", offset).await.unwrap_err();
    assert_eq!(error.failure_type(), Some("ScheduleToCloseTimeout"), "{error}");
    assert!((49..=51).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    // A second after the first, two after the second; the third has 7 s instead of 20.
    assert_eq!(engine.stored::<Vec<u64>>("one").unwrap().unwrap().state, Some(vec![0, 21, 43]));
}

/// Shields itself from being dropped for longer than it may.
#[activity(heartbeat_timeout = "9s", start_to_close_timeout = "20s", max_attempts = 1)]
async fn shielded(cancellation: Cancellation) -> Result<(), ActivityError> {
    cancellation.shield(sleep(Duration::from_secs(100))).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_time_is_over_for_a_body_that_cannot_be_dropped() {
    let (_folder, engine) = engine();
    let began = Instant::now();
    let error = engine.run(shielded, "one", ()).await.unwrap_err();
    assert_eq!(error.failure_type(), Some("DeadlineExceeded"), "{error}");
    assert!((20..=22).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
