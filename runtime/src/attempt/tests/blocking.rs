//! Bodies on the blocking pool.

use tokio_util::task::AbortOnDropHandle;

use super::*;

/// A body on the blocking pool, as generated code runs it.
fn on_the_pool<T: Send + 'static>(
    cancellation: Cancellation,
    body: impl FnOnce() -> Result<T, ActivityError> + Send + 'static,
) -> crate::worker::BoxFuture<Result<T, ActivityError>> {
    crate::blocking::blocking_body(cancellation, body)
}

/// Moves the paused clock once a body has begun: it does not move by itself while a blocking function
/// runs.
fn move_clock(begun: tokio::sync::oneshot::Receiver<()>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async {
        begun.await.unwrap();
        loop {
            tokio::time::advance(SECOND / 10).await;
            std::thread::yield_now();
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_blocking_body_has_the_same_handles() {
    let lease = friendly();
    let result = attempt(OPTIONS, resumed_from(3), &lease, |checkpoint, cancellation| {
        on_the_pool(cancellation, move || {
            checkpoint.commit_blocking(checkpoint.get() + 1)?;
            Ok(checkpoint.is_resumed())
        })
    })
    .await;
    assert!(result.unwrap());
    assert_eq!(lease.values(), [Some(4)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_blocking_body_is_its_own() {
    let lease = friendly();
    let panicking = attempt::<(), _>(OPTIONS, facts(), &lease, |_, cancellation| {
        on_the_pool(cancellation, || panic!("out of cheese"))
    });
    let lost = AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert_eq!(lost.downcast_ref::<&str>(), Some(&"out of cheese"));
}

#[tokio::test(start_paused = true)]
async fn a_blocking_body_left_behind_has_lost_its_lease() {
    let lease = stopping(CancelReason::Requested);
    let (announce, begun) = tokio::sync::oneshot::channel();
    let _clock = move_clock(begun);
    let (go_on, left_behind) = std::sync::mpsc::channel::<()>();
    let (report, reported) = tokio::sync::oneshot::channel();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, |checkpoint, cancellation| {
        on_the_pool(cancellation, move || {
            announce.send(()).unwrap();
            let _ = left_behind.recv(); // deaf to its cancellation
            let _ = report.send(checkpoint.save(1).unwrap_err().reason());
            Ok(())
        })
    })
    .await;
    assert_eq!(failure_type(&result), "(cancelled)");
    let beats = lease.times().len();
    go_on.send(()).unwrap();
    assert_eq!(reported.await, Ok(CancelReason::LeaseLost));
    assert_eq!(lease.times().len(), beats, "no beats for it after its grace");
}

/// Tells an attempt to stop while its body waits for a thread, which is free a minute after it began: how it
/// ended, after how long, and whether the body ever began.
fn told_in_the_queue(options: Options, reason: CancelReason) -> (String, Duration, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let begun = Arc::new(AtomicBool::new(false));
    let witness = Arc::clone(&begun);
    let (go_on, held) = std::sync::mpsc::channel::<()>();
    let (ended, took) = runtime.block_on(async {
        let (announce, holds) = tokio::sync::oneshot::channel();
        let _clock = move_clock(holds);
        tokio::task::spawn_blocking(move || {
            announce.send(()).unwrap();
            held.recv()
        });
        let frees = tokio::spawn(async move {
            tokio::time::sleep(60 * SECOND).await;
            drop(go_on);
        });
        let (start, lease) = (Instant::now(), stopping(reason));
        let result = attempt::<(), _>(options, facts(), &lease, |_, cancellation| {
            on_the_pool(cancellation, move || {
                witness.store(true, Ordering::SeqCst);
                Ok(())
            })
        })
        .await;
        let took = start.elapsed();
        frees.await.unwrap();
        // The one thread of the pool is free again.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let ended =
            if result.is_ok() { "completed".to_owned() } else { failure_type(&result).to_owned() };
        (ended, took)
    });
    (ended, took, begun.load(Ordering::SeqCst))
}

#[test]
fn a_blocking_body_that_is_still_queued_never_begins_once_its_attempt_is_over() {
    let (ended, _, began) = told_in_the_queue(OPTIONS, CancelReason::Requested);
    assert_eq!((ended.as_str(), began), ("(cancelled)", false));
}

#[test]
fn a_blocking_body_that_is_told_in_the_queue_begins_only_to_clean_up() {
    let options = OPTIONS.cancel_grace(Grace::Never);
    for (reason, answer) in [
        (CancelReason::Paused, "ActivityPaused"),
        (CancelReason::Reset, "ActivityReset"),
        (CancelReason::WorkerShutdown, "WorkerShutdown"),
    ] {
        let (ended, took, began) = told_in_the_queue(options, reason);
        assert_eq!((ended.as_str(), began), (answer, false));
        assert!(took < 15 * SECOND, "{reason:?}: {took:?}");
    }
    let (ended, took, began) = told_in_the_queue(options, CancelReason::Requested);
    assert_eq!((ended.as_str(), began), ("completed", true));
    assert!(took >= 60 * SECOND, "{took:?}");
}

/// A state that takes its time.
#[derive(Clone, Default, serde::Deserialize)]
struct Slow;

static SLOW_BEGAN: AtomicBool = AtomicBool::new(false);

impl serde::Serialize for Slow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !SLOW_BEGAN.swap(true, Ordering::SeqCst) {
            std::thread::sleep(2 * SECOND);
        }
        serializer.serialize_unit()
    }
}

#[test]
fn a_slow_serialisation_blocks_one_thread_and_not_two() {
    let threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = { threads }.worker_threads(2).enable_all().build().unwrap();
    let running = runtime.spawn(async {
        let options = Options::new(SECOND / 10);
        let body = async |checkpoint: Checkpoint<Slow>, _: Cancellation| {
            checkpoint.save(Slow)?;
            while !SLOW_BEGAN.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(1)).await;
            }
            Ok::<_, ActivityError>(())
        };
        let facts = Facts { heartbeat_timeout: None, ..facts() };
        let lease = friendly() as Arc<dyn Lease>;
        run(options, Takes::NOTHING.checkpoint(), facts, lease, body).await
    });
    while !SLOW_BEGAN.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(SECOND / 2);
    let (answer, answered) = std::sync::mpsc::channel();
    runtime.spawn(async move { answer.send(()) });
    let in_time = answered.recv_timeout(SECOND);
    runtime.block_on(running).unwrap().unwrap();
    assert!(in_time.is_ok(), "the other thread waits for the one that serialises");
}

/// A state that takes its time when a beat carries it.
#[derive(Clone, Default, serde::Deserialize)]
struct Heavy;

static HEAVY_BEGAN: AtomicBool = AtomicBool::new(false);

impl serde::Serialize for Heavy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        HEAVY_BEGAN.store(true, Ordering::SeqCst);
        std::thread::sleep(SECOND);
        serializer.serialize_unit()
    }
}

#[test]
fn nothing_is_sent_after_an_attempt_was_dropped() {
    let threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = { threads }.worker_threads(2).enable_all().build().unwrap();
    let lease = friendly();
    let beaten = Arc::clone(&lease);
    let running = runtime.spawn(async move {
        let options = Options::new(SECOND / 10);
        let body = async |checkpoint: Checkpoint<Heavy>, _: Cancellation| {
            checkpoint.save(Heavy)?;
            while !HEAVY_BEGAN.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(1)).await;
            }
            std::future::pending::<Result<(), ActivityError>>().await
        };
        let facts = Facts { heartbeat_timeout: None, ..facts() };
        let takes = Takes::NOTHING.checkpoint();
        let running = run(options, takes, facts, beaten as Arc<dyn Lease>, body);
        let _ = running.await;
    });
    while !HEAVY_BEGAN.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Dropped on one thread while a beat is prepared on the other.
    running.abort();
    assert!(runtime.block_on(running).unwrap_err().is_cancelled());
    let beats = lease.times().len();
    std::thread::sleep(2 * SECOND);
    assert_eq!(lease.times().len(), beats);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_takes_its_time_does_not_stop_the_heartbeat() {
    let lease = friendly();
    let (announce, begun) = tokio::sync::oneshot::channel();
    let _clock = move_clock(begun);
    let watched = Arc::clone(&lease);
    let beats = attempt(OPTIONS, resumed_from(3), &lease, |checkpoint, cancellation| {
        on_the_pool(cancellation, move || {
            checkpoint.save(4)?;
            announce.send(()).unwrap();
            let mut beats = 0;
            checkpoint.update(|value| {
                // As one that waits for what it counts.
                let changing = std::time::Instant::now();
                while watched.times().len() < 3 && changing.elapsed() < 5 * SECOND {
                    std::thread::yield_now();
                }
                beats = watched.times().len();
                *value += 1;
            })?;
            assert_eq!(checkpoint.get(), 5);
            Ok(beats)
        })
    })
    .await;
    assert!(beats.unwrap() >= 3);
    assert!(
        lease.values().iter().all(|value| matches!(value, Some(4 | 5))),
        "{:?}",
        lease.values()
    );
}

#[test]
fn who_saves_during_a_change_is_not_overwritten_by_it() {
    let slot = Arc::new(Slot::new(Some(1_u64), Vec::new()));
    let checkpoint = Checkpoint::new(slot, Cancellation::new());
    let (other, announce) = (checkpoint.clone(), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| {
            announce.wait();
            other.save(10).unwrap();
        });
        checkpoint
            .update(|value| {
                announce.wait();
                std::thread::sleep(SECOND / 20);
                *value += 1;
            })
            .unwrap();
        saving.join().unwrap();
    });
    assert_eq!(checkpoint.get(), 10, "saved after the change, and not lost in it");
    let changing = AssertUnwindSafe(|| checkpoint.update(|_| panic!("as planned")));
    catch_unwind(changing).unwrap_err();
    checkpoint.save(11).unwrap();
    assert_eq!(checkpoint.get(), 11, "a change that panics keeps nobody out");
}

#[tokio::test]
async fn a_body_that_blocks_the_only_thread_until_its_end_is_said_to_have_done_so() {
    let listener = Listener::at(Level::WARN);
    let options = Options::new(Duration::from_millis(900));
    let facts = Facts { heartbeat_timeout: Some(Duration::from_millis(900)), ..facts() };
    let result = attempt::<(), _>(options, facts, &friendly(), |_, _| async {
        // By the real clock, since the paused one stands still meanwhile.
        std::thread::sleep(Duration::from_millis(1_500));
        Ok(())
    })
    .await;
    assert!(result.is_ok());
    assert_eq!(listener.said().matches("the heartbeat is late").count(), 1, "{}", listener.said());
}
