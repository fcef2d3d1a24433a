//! Activities in one process: retried, resumed, interrupted, and their store damaged.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use autobeat::{
    CancelReason, Cancellation, Checkpoint, activity,
    embedded::{Embedded, EmbeddedError},
};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("progress.redb")
    }

    fn engine(&self) -> Embedded {
        Embedded::open(self.path()).unwrap()
    }
}

/// Fails twice at 5 and at 8, each time in another way, and counts to 10.
#[activity(heartbeat_timeout = "9s")]
async fn stumble(checkpoint: Checkpoint<u64>, trace: String) -> Result<String, ActivityError> {
    let from = checkpoint.get();
    for number in from..10 {
        checkpoint.save(number + 1)?;
        match (from, number) {
            (0, 4) => return Err(std::io::Error::other("stumbled").into()),
            (5, 7) => panic!("fell"),
            _ => sleep(Duration::from_secs(1)).await,
        }
    }
    Ok(format!("{trace}, then from {from} to 10"))
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_panic_are_retried_from_the_newest_value() {
    let folder = Folder::new();
    let began = Instant::now();
    let result = folder.engine().run(stumble, "one", "began".to_owned()).await.unwrap();
    assert_eq!(result, "began, then from 8 to 10");
    // 4 s, a second's delay, 2 s, two seconds' delay, 2 s.
    assert_eq!(began.elapsed().as_secs(), 11);
    assert!(folder.engine().stored::<u64>("one").unwrap().is_none(), "nothing is left of it");
}

#[activity(heartbeat_timeout = "9s", max_attempts = 3)]
async fn fail(checkpoint: Checkpoint<u64>, for_good: bool) -> Result<(), ActivityError> {
    checkpoint.update(|tries| *tries += 1)?;
    let failure = ApplicationFailure::builder("no luck")
        .type_name("Luck".to_owned())
        .non_retryable(for_good)
        .next_retry_delay(Duration::from_millis(7))
        .build();
    Err(ActivityError::application(failure))
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_retried_as_it_says() {
    let folder = Folder::new();
    let engine = folder.engine();
    let began = Instant::now();
    let error = engine.run(fail, "retried", false).await.unwrap_err();
    assert!(error.is_failed() && error.failure_type() == Some("Luck"));
    assert_eq!(error.to_string(), "no luck (after 3 attempts)");
    assert!(began.elapsed() < Duration::from_secs(1), "its own delay, not the policy's");
    let stored = engine.stored::<u64>("retried").unwrap().unwrap();
    assert_eq!((stored.attempt, stored.state), (3, Some(3)));

    let error = engine.run(fail, "for good", true).await.unwrap_err();
    assert_eq!(error.to_string(), "no luck");
    engine.forget("for good").unwrap();
    assert!(engine.stored::<u64>("for good").unwrap().is_none());
}

/// Waits to be stopped, and says why it was.
#[activity(heartbeat_timeout = "9s")]
async fn wait(checkpoint: Checkpoint<u64>, cancellation: Cancellation) -> anyhow::Result<()> {
    checkpoint.update(|value| *value += 1)?;
    let cancelled = cancellation.cancelled().await;
    assert_eq!(cancelled.reason(), CancelReason::WorkerShutdown);
    checkpoint.update(|value| *value += 10).unwrap_err();
    Err(cancelled.into())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_stores_the_newest_value() {
    let folder = Folder::new();
    let engine = folder.engine();
    let shutdown = CancellationToken::new();
    let (result, ()) = tokio::join!(engine.run_until(wait, "one", (), shutdown.clone()), async {
        sleep(Duration::from_secs(20)).await;
        shutdown.cancel();
    });
    assert!(result.unwrap_err().is_interrupted());
    assert_eq!(engine.stored::<u64>("one").unwrap().unwrap().state, Some(11));
    let error = engine.run(fail, "one", true).await.unwrap_err();
    assert!(error.is_other_activity(), "{error}");
    assert!(error.to_string().contains("`wait`, not `fail`"), "{error}");
}

/// Works for as long as nobody stops it, until the third attempt.
#[activity(heartbeat_timeout = "9s", start_to_close_timeout = "30s", cancel_grace = "never")]
async fn overtime(checkpoint: Checkpoint<u64>) -> Result<u64, ActivityError> {
    for second in checkpoint.get()..75 {
        sleep(Duration::from_secs(1)).await;
        checkpoint.save(second + 1)?;
    }
    Ok(checkpoint.get())
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_is_limited() {
    let folder = Folder::new();
    let began = Instant::now();
    assert_eq!(folder.engine().run(overtime, "one", ()).await.unwrap(), 75);
    // Two attempts of 30 s lose their last, unfinished second each.
    assert!(began.elapsed().as_secs() >= 75, "{:?}", began.elapsed());
}

static STUCK: AtomicU32 = AtomicU32::new(0);
static RELEASE: Mutex<()> = Mutex::new(());

/// Is deaf in its first attempt, and cannot be dropped.
#[activity(heartbeat_timeout = "300ms", stall_timeout = "300ms", cancel_grace = "0s")]
fn stick(checkpoint: Checkpoint<u64>) -> Result<u64, ActivityError> {
    if STUCK.fetch_add(1, Ordering::SeqCst) == 0 {
        checkpoint.save(1)?;
        drop(RELEASE.lock());
        // Too late: the next attempt has the lease.
        assert_eq!(checkpoint.save(99).unwrap_err().reason(), CancelReason::LeaseLost);
    }
    Ok(checkpoint.get())
}

// Real time, since a blocked thread is a real one: as short as a heartbeat timeout can sensibly be.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_blocks_its_thread_loses_its_lease_to_the_next_attempt() {
    let folder = Folder::new();
    let engine = folder.engine();
    let held = RELEASE.lock().unwrap();
    let result = tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(engine.run(stick, "one", ()))
    });
    drop(held);
    assert_eq!(result.unwrap(), 1, "from where the first was");
}

#[test]
fn a_store_is_one_process_at_a_time() {
    let folder = Folder::new();
    let _open = folder.engine();
    let error = Embedded::open(folder.path()).unwrap_err();
    assert!(error.is_in_use(), "{error}");
}

/// A store with something in it, as bytes.
async fn written_store() -> Vec<u8> {
    let folder = Folder::new();
    folder.engine().run(fail, "one", true).await.unwrap_err();
    std::fs::read(folder.path()).unwrap()
}

/// Opens the bytes as a store and looks at what is in it.
fn look_at(bytes: &[u8]) -> Result<(), EmbeddedError> {
    let folder = Folder::new();
    std::fs::write(folder.path(), bytes).unwrap();
    Embedded::open(folder.path())?.stored::<u64>("one").map(drop)
}

#[tokio::test]
async fn a_damaged_store_is_an_error_that_says_what_to_do() {
    let whole = written_store().await;
    look_at(&whole).unwrap();
    let error =
        look_at(b"These are no checkpoints, but a shopping list: eggs, milk, bread.").unwrap_err();
    assert!(error.is_damaged(), "{error}");
    assert!(error.to_string().contains("move it away"), "{error}");
    for length in [1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        if let Err(error) = look_at(&whole[..length]) {
            assert!(error.is_damaged(), "cut at {length}: {error}");
        }
    }
    for place in (0..whole.len()).step_by(whole.len() / 64) {
        let mut flipped = whole.clone();
        flipped[place..(place + 64).min(whole.len())].iter_mut().for_each(|byte| *byte ^= 0xFF);
        // Most places are unused; where it matters, it is said.
        if let Err(error) = look_at(&flipped) {
            assert!(error.is_damaged(), "flipped at {place}: {error}");
        }
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let error = Embedded::open("/nowhere/at/all.redb").unwrap_err();
    assert!(!error.is_damaged() && error.to_string().contains("/nowhere/at/all.redb"), "{error}");
}
