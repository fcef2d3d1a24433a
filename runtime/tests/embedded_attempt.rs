//! The attempt as a handle, in one process.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use autobeat::{Attempt, Cancellation, Progress, activity, embedded::Embedded};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

static SEEN: Mutex<Vec<(u32, String)>> = Mutex::new(Vec::new());

/// Fails in its first attempt, waits in its second, and completes in its third.
#[activity(heartbeat_timeout = "9s", start_to_close_timeout = "1h")]
async fn charge(
    attempt: Attempt,
    cancellation: Cancellation,
    _cents: u64,
) -> Result<String, ActivityError> {
    let seen = (attempt.number(), attempt.key().to_owned());
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    assert_eq!(attempt.deadline(), Some(Instant::now() + Duration::from_hours(1)));
    attempt.show(Progress::new(u64::from(attempt.number())));
    match attempt.number() {
        1 => Err(std::io::Error::other("the bank is closed").into()),
        2 => Err(cancellation.cancelled().await.into()),
        _ => Ok(attempt.key().to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_is_that_of_one_piece_of_work_until_it_has_completed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("progress.redb");
    let shutdown = CancellationToken::new();
    let stopping = async {
        sleep(Duration::from_secs(9)).await;
        shutdown.cancel();
    };
    let engine = Embedded::open(&path).unwrap();
    let run = engine.run_until(charge, "order-7", 100, shutdown.clone());
    let (left, ()) = tokio::join!(run, stopping);
    assert!(left.is_err_and(|error| error.is_interrupted()));
    // Progress is no checkpoint.
    assert_eq!(engine.stored::<u64>("order-7").unwrap().unwrap().state, None);
    drop(engine);

    let engine = Embedded::open(&path).unwrap();
    let key = engine.run(charge, "order-7", 100).await.unwrap();
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(seen, [(1, key.clone()), (2, key.clone()), (3, key.clone())]);
    let (run_id, id) = key.split_once('/').unwrap();
    assert_eq!((run_id.len(), run_id.matches('-').count(), id), (36, 4, "order-7"));

    let shutdown = CancellationToken::new();
    let again = engine.run_until(charge, "order-7", 100, shutdown.clone());
    let stopping = async {
        sleep(Duration::from_millis(500)).await;
        shutdown.cancel();
    };
    let (again, ()) = tokio::join!(again, stopping);
    assert!(again.is_err());
    let last = SEEN.lock().unwrap_or_else(PoisonError::into_inner).last().cloned();
    assert!(last.is_some_and(|(_, other)| other != key && other.ends_with("/order-7")));
}
