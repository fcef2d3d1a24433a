//! Attempts that hand over to the next one, in one process.

use std::time::Duration;

use autobeat::{Cancellation, Checkpoint, activity, embedded::Embedded};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};

/// Two items a turn, each 6 s; in how many turns it came to its end.
#[activity(heartbeat_timeout = "9s", max_runtime = "10s")]
async fn in_turns(checkpoint: Checkpoint<(u64, u64)>, items: u64) -> Result<u64, ActivityError> {
    checkpoint.update(|(_, turns)| *turns += 1)?;
    let mut all = checkpoint.resume_at(0..items, |(position, _)| position);
    for item in all.by_ref() {
        item?;
        sleep(Duration::from_secs(6)).await;
    }
    Ok(all.state().1)
}

/// Asks whether to stop, and never saves.
#[activity(heartbeat_timeout = "9s", max_runtime = "10s", schedule_to_close_timeout = "55s")]
async fn without_a_save(
    _checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
) -> Result<(), ActivityError> {
    loop {
        sleep(Duration::from_secs(11)).await;
        cancellation.check()?;
    }
}

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

#[tokio::test(start_paused = true)]
async fn the_next_attempt_goes_on_at_once_in_the_same_call() {
    let (_folder, engine) = engine();
    let began = Instant::now();
    assert_eq!(engine.run(in_turns, "one", 7).await.unwrap(), 4);
    let took = began.elapsed();
    let (work, late) = (Duration::from_secs(42), Duration::from_millis(100));
    assert!(took >= work && took < work + late, "three hand-overs: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_saved_nothing_waits_as_after_a_failure() {
    let (_folder, engine) = engine();
    let began = Instant::now();
    let error = engine.run(without_a_save, "one", ()).await.unwrap_err();
    assert_eq!(error.failure_type(), Some("HandOver"), "{error}");
    // 11 s and 1 s, 11 s and 2 s, 11 s and 4 s, 11 s; another 8 s are not left.
    assert_eq!(began.elapsed().as_secs(), 51);
    assert!(error.to_string().contains("after 4 attempts"), "{error}");
}
