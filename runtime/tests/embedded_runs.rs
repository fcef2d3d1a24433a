//! Two runs of one id: one after the other, at once, and after one that was dropped.

use std::{
    panic::AssertUnwindSafe,
    sync::mpsc,
    time::{Duration, Instant},
};

use autobeat::{
    Cancellation, Checkpoint, activity,
    embedded::{Embedded, EmbeddedError},
};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize, Serializer};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

fn stored(engine: &Embedded) -> Option<u64> {
    engine.stored::<u64>("one").unwrap().and_then(|stored| stored.state)
}

/// Counts on from where it was; the first run is never over, the next one is at once.
#[activity(heartbeat_timeout = "300ms", heartbeat_interval = "50ms", name = "count")]
async fn count(checkpoint: Checkpoint<u64>, go_on: bool) -> Result<u64, ActivityError> {
    if !go_on {
        return Ok(checkpoint.get());
    }
    loop {
        checkpoint.update(|value| *value += 1)?;
        sleep(Duration::from_millis(5)).await;
    }
}

/// The same with a thread that it blocks, so that its future cannot be dropped.
#[activity(heartbeat_timeout = "300ms", heartbeat_interval = "50ms", name = "count")]
async fn count_deaf(checkpoint: Checkpoint<u64>, turns: u64) -> Result<u64, ActivityError> {
    sleep(Duration::from_millis(1)).await;
    for turn in 1..=turns {
        // That it should stop is what it does not hear.
        checkpoint.save(turn).ok();
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(checkpoint.get())
}

/// Keeps a thread awake that looks after the timers while another one is blocked.
fn stay_awake() -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    }))
}

async fn dropped_after(millis: u64, run: impl Future<Output = Result<u64, EmbeddedError>>) {
    timeout(Duration::from_millis(millis), run).await.unwrap_err();
}

/// Blocking work has one thread here, so that a write can be made to wait.
fn with_one_blocking_thread(test: impl Future) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

#[test]
fn a_write_that_was_queued_is_not_written_after_a_drop() {
    with_one_blocking_thread(async {
        let (_folder, engine) = engine();
        let (release, held) = mpsc::channel::<()>();
        let blocking = tokio::task::spawn_blocking(move || held.recv());
        dropped_after(200, engine.run(count, "one", true)).await;
        // At once, and to its end.
        assert_eq!(engine.run(count, "one", false).await.unwrap(), 0);
        assert!(engine.stored::<u64>("one").unwrap().is_none());
        drop(release);
        blocking.await.unwrap().unwrap_err();
        tokio::task::spawn_blocking(|| "behind all that was queued").await.unwrap();
        assert!(
            engine.stored::<u64>("one").unwrap().is_none(),
            "the next run would leave work out"
        );
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_goes_on_after_a_drop_is_not_heard() {
    let _awake = stay_awake();
    let (_folder, engine) = engine();
    dropped_after(120, engine.run(count_deaf, "one", 100)).await;
    let left = stored(&engine);
    assert!(left.is_some());
    sleep(Duration::from_millis(250)).await;
    assert_eq!(stored(&engine), left);
    let from = engine.run(count, "one", false).await.unwrap();
    assert_eq!(Some(from), left, "the next one goes on where it was");
    sleep(Duration::from_millis(250)).await;
    assert!(engine.stored::<u64>("one").unwrap().is_none());
}

/// Waits until it is dropped.
#[activity(heartbeat_timeout = "9s")]
async fn wait(cancellation: Cancellation, fail: bool) -> Result<(), ActivityError> {
    if fail {
        let failure = temporalio_common::error::ApplicationFailure::non_retryable("told to");
        return Err(ActivityError::application(failure));
    }
    Err(cancellation.cancelled().await.into())
}

#[tokio::test(start_paused = true)]
async fn an_id_runs_once_at_a_time() {
    let (_folder, engine) = engine();
    let clone = engine.clone();
    let first = timeout(Duration::from_secs(20), engine.run(wait, "one", false));
    let (first, ()) = tokio::join!(first, async {
        sleep(Duration::from_secs(5)).await;
        let error = clone.run(wait, "one", true).await.unwrap_err();
        assert!(error.is_running() && !error.is_failed(), "{error}");
        assert_eq!(
            error.to_string(),
            "`one` is running already; wait for the end of that run, or give this one another id"
        );
        assert!(clone.forget("one").unwrap_err().is_running());
        assert_eq!(clone.stored::<u64>("one").unwrap().unwrap().attempt, 1);
        assert!(clone.run(wait, "two", true).await.unwrap_err().is_failed());
    });
    first.unwrap_err();
    // Dropped, and failed, and failed again: the id is free every time.
    for _ in 0..2 {
        assert!(engine.run(wait, "one", true).await.unwrap_err().is_failed());
    }
    engine.forget("one").unwrap();
}

/// An input that cannot be encoded, and does not say so.
#[derive(Deserialize)]
struct Bomb;

impl Serialize for Bomb {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("as an input may")
    }
}

#[activity(heartbeat_timeout = "9s", name = "wait")]
async fn take(_bomb: Bomb) -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

#[tokio::test(start_paused = true)]
async fn an_id_is_free_after_a_panic() {
    let (_folder, engine) = engine();
    for _ in 0..2 {
        let panicked = AssertUnwindSafe(engine.run(take, "one", Bomb)).catch_unwind().await;
        assert!(panicked.is_err());
    }
    assert!(engine.run(wait, "one", true).await.unwrap_err().is_failed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_drop_waits_for_no_body() {
    let _awake = stay_awake();
    let (_folder, engine) = engine();
    let began = Instant::now();
    dropped_after(100, engine.run(count_deaf, "one", 200)).await;
    assert!(began.elapsed() < Duration::from_millis(600), "{:?}", began.elapsed());
}
