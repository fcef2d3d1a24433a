//! Users' code that fails where nobody expects it: the attempt ends as it should all the same.

use futures_util::future::BoxFuture;

use super::*;
use crate::{
    checkpoint::Details,
    lease::{BeatError, Peers},
};

/// Panics when it is dropped, unless a panic is on its way already.
struct Explosion;

impl Drop for Explosion {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "exploded as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_while_a_body_is_dropped_leaves_its_newest_value() {
    let lease = stopping(CancelReason::Paused);
    let options = OPTIONS.cancel_grace(Grace::After(SECOND));
    let result = attempt::<(), _>(options, facts(), &lease, async |checkpoint, _| {
        let _explosion = Explosion;
        checkpoint.save(42)?;
        std::future::pending().await
    });
    assert_eq!(failure_type(&result.await), "ActivityPaused", "why it was dropped");
    assert_eq!(lease.left(), Some(42));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_sent_leaves_the_last_acknowledged_one() {
    type Keyed = std::collections::BTreeMap<Option<u8>, u64>;
    let lease = friendly();
    let body = async |checkpoint: Checkpoint<Vec<Keyed>>, _: Cancellation| {
        checkpoint.commit(Vec::new()).await?;
        let _ = checkpoint.save(vec![Keyed::from([(Some(1), 5), (None, 6)])]);
        Err::<(), _>(ActivityError::from(std::io::Error::other("disk full")))
    };
    let takes = Takes::NOTHING.checkpoint().cancellation();
    let result = run(OPTIONS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert_eq!(message(&result), "disk full");
    assert_eq!(lease.left_text().as_deref(), Some("[]"));
}

#[tokio::test(start_paused = true)]
async fn a_first_value_that_cannot_be_sent_leaves_what_the_last_attempt_left() {
    type Keyed = std::collections::BTreeMap<Option<u8>, u64>;
    let lease = friendly();
    let body = async |checkpoint: Checkpoint<Vec<Keyed>>, _: Cancellation| {
        let _ = checkpoint.save(vec![Keyed::from([(None, 6)])]);
        Err::<(), _>(ActivityError::from(std::io::Error::other("disk full")))
    };
    let facts = Facts { details: vec![payload(Vec::<u64>::new())], ..resumed_from(0) };
    let takes = Takes::NOTHING.checkpoint();
    let result = run(OPTIONS, takes, facts, Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert_eq!(message(&result), "disk full");
    assert_eq!(lease.left_text().as_deref(), Some("[]"));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_large_leaves_the_last_acknowledged_one_and_beats_go_on_with_it() {
    let script = [
        Line::Answer(Reply::GoOn),
        Line::Answer(Reply::TooLarge(TooLarge { size: 3_000_000, limit: 2_097_152 })),
    ];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        checkpoint.commit(5).await?;
        let _ = checkpoint.save(6);
        let reason = cancellation.cancelled().await.reason();
        assert_eq!(reason, CancelReason::CheckpointTooLarge);
        sleep(7 * SECOND).await;
        Err(ActivityError::from(std::io::Error::other("disk full")))
    })
    .await;
    assert_eq!(message(&result), "disk full");
    assert_eq!(lease.left(), Some(5));
    // At once in place of the one that was too large, and then by the interval.
    assert_eq!(lease.values(), [Some(5), Some(6), Some(5), Some(5), Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn what_shows_progress_may_hold_its_checkpoint() {
    let alive = Arc::new(());
    let witness = Arc::downgrade(&alive);
    attempt(OPTIONS, facts(), &friendly(), async |checkpoint, _| {
        let held = checkpoint.clone();
        checkpoint.show_progress(move |_| {
            let _ = &alive;
            crate::Progress::new(held.get())
        });
        sleep(4 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap();
    assert!(witness.upgrade().is_none(), "nothing of the attempt is left");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_not_polled_after_its_lease_whoever_wakes_first() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let polled = Arc::new(std::sync::Mutex::new(Instant::now()));
    let witness = Arc::clone(&polled);
    let began = Instant::now();
    let frozen = tokio::spawn(async {
        sleep(SECOND).await;
        // As a process that is frozen, and wakes with all of its timers due at once.
        tokio::time::advance(60 * SECOND).await;
    });
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async move |_, _| {
        loop {
            sleep(SECOND / 10).await;
            *witness.lock().unwrap() = Instant::now();
        }
    })
    .await;
    frozen.await.unwrap();
    assert_eq!(failure_type(&result), "LeaseLost");
    let last = *polled.lock().unwrap() - began;
    assert!(last < TIMEOUT, "polled {last:?} after it began");
}

/// A state whose destructor panics, once, for one value, when it is time.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Mine(u64);

static MINE_IS_ARMED: AtomicBool = AtomicBool::new(false);

impl Drop for Mine {
    fn drop(&mut self) {
        let explodes = self.0 == 1 && MINE_IS_ARMED.swap(false, Ordering::SeqCst);
        assert!(!explodes, "exploded as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_whose_destructor_panics_does_not_end_the_heartbeat() {
    let lease = Arc::new(PlainLease::friendly());
    let body = async |checkpoint: Checkpoint<Mine>, _: Cancellation| {
        checkpoint.save(Mine(1))?;
        sleep(4 * SECOND).await; // a beat carries it, and it is kept
        checkpoint.save(Mine(2))?;
        MINE_IS_ARMED.store(true, Ordering::SeqCst);
        sleep(56 * SECOND).await;
        Ok::<_, ActivityError>(())
    };
    let takes = Takes::NOTHING.checkpoint();
    run(OPTIONS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body).await.unwrap();
    let beats = lease.beats();
    assert!(beats >= 19, "{beats} beats in 60 s");
    sleep(60 * SECOND).await;
    assert_eq!(lease.beats(), beats, "nothing could be said again here");
}

/// A state whose destructor panics where it is the last of its attempt.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Last(u64);

impl Drop for Last {
    fn drop(&mut self) {
        assert!(self.0 != 9, "exploded as planned");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_after_the_end_keeps_no_answer_back() {
    let takes = Takes::NOTHING.checkpoint();
    let lease = friendly() as Arc<dyn Lease>;
    let body = async |checkpoint: Checkpoint<Last>, _: Cancellation| {
        checkpoint.save(Last(9))?;
        Ok::<_, ActivityError>("done")
    };
    let saved = run(OPTIONS, takes, facts(), Arc::clone(&lease), body);
    let saved = AssertUnwindSafe(saved).catch_unwind().await;
    assert_eq!(saved.expect("its value").unwrap(), "done");

    let body = async |checkpoint: Checkpoint<Last>, _: Cancellation| {
        checkpoint.save(Last(9))?;
        panic!("out of cheese");
        #[expect(unreachable_code, reason = "it says what is returned")]
        Ok::<(), ActivityError>(())
    };
    let panicking = AssertUnwindSafe(run(OPTIONS, takes, facts(), Arc::clone(&lease), body));
    let payload = panicking.catch_unwind().await.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of cheese"));

    let body = async |checkpoint: Checkpoint<u64>, _: Cancellation| {
        let explosion = Explosion;
        checkpoint.show_progress(move |done| {
            let _ = &explosion;
            crate::Progress::new(*done)
        });
        Ok::<_, ActivityError>("done")
    };
    let shown = run(OPTIONS, takes, facts(), lease, body);
    let shown = AssertUnwindSafe(shown).catch_unwind().await;
    assert_eq!(shown.expect("what shows it").unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn what_shows_progress_after_the_attempt_may_hold_its_checkpoint_too() {
    let alive = Arc::new(());
    let witness = Arc::downgrade(&alive);
    let mut left_behind = None;
    attempt(OPTIONS, facts(), &friendly(), async |checkpoint, _| {
        left_behind = Some(checkpoint);
        Ok(())
    })
    .await
    .unwrap();
    // As a blocking body that was left behind.
    let checkpoint = left_behind.unwrap();
    let held = checkpoint.clone();
    checkpoint.show_progress(move |_| {
        let _ = &alive;
        crate::Progress::new(held.get())
    });
    drop(checkpoint);
    assert!(witness.upgrade().is_none(), "nothing of the attempt is left");
}

/// An error that cannot even say where it comes from.
#[derive(Debug)]
struct Sourceless;

impl fmt::Display for Sourceless {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sourceless")
    }
}

impl Error for Sourceless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        panic!("exploded as planned")
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_source_panics_leaves_the_newest_value() {
    let lease = friendly();
    let panicking = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(42)?;
        Err(ActivityError::application(ApplicationFailure::new(Sourceless)))
    });
    let _ = AssertUnwindSafe(panicking).catch_unwind().await;
    assert_eq!(lease.left(), Some(42));
}

/// An error that panics when it is turned into the SDK's.
#[derive(Debug)]
struct Inconvertible;

impl From<Inconvertible> for anyhow::Error {
    fn from(_: Inconvertible) -> Self {
        panic!("exploded as planned")
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_when_it_is_converted_leaves_the_newest_value() {
    let lease = friendly();
    let body = async |checkpoint: Checkpoint<u64>, _: Cancellation| {
        let _ = checkpoint.save(42);
        Err::<(), _>(Inconvertible)
    };
    let takes = Takes::NOTHING.checkpoint();
    let panicking = run(OPTIONS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body);
    let _ = AssertUnwindSafe(panicking).catch_unwind().await;
    assert_eq!(lease.left(), Some(42));
}

#[tokio::test(start_paused = true)]
async fn async_completion_sends_the_newest_details_again_where_a_call_failed() {
    let lease = Arc::new(ScriptedLease::new([Line::Refusal], Line::Answer(Reply::GoOn)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(5)?;
        Err(ActivityError::WillCompleteAsync)
    })
    .await;
    assert!(matches!(result, Err(ActivityError::WillCompleteAsync)));
    sleep(60 * SECOND).await;
    assert_eq!(lease.values(), [Some(5), Some(5)], "refused once, and never sent again");
}

#[tokio::test(start_paused = true)]
async fn async_completion_waits_for_a_slow_answer() {
    let lease = Arc::new(ScriptedLease::new([], Line::Late(SECOND / 2, Reply::GoOn)));
    let body = async |_, _| Err(ActivityError::WillCompleteAsync);
    attempt::<(), _>(OPTIONS, facts(), &lease, body).await.unwrap_err();
    assert_eq!(lease.times().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_after_the_end_is_tried_less_often_and_oftener_as_its_lease_ends() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let body = async |_, _| Err(ActivityError::WillCompleteAsync);
    attempt::<(), _>(OPTIONS, facts(), &lease, body).await.unwrap_err();
    let seconds: Vec<_> = lease.times().iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [0, 1, 3, 5, 6, 7, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_before_its_first_poll_leaves_the_newest_value() {
    let lease = friendly();
    let calls = |checkpoint: Checkpoint<u64>, _: Cancellation| {
        checkpoint.save(42).unwrap();
        assert!(checkpoint.get() != 42, "out of cheese");
        std::future::ready(Ok::<_, ActivityError>(()))
    };
    let panicking = attempt(OPTIONS, resumed_from(3), &lease, calls);
    AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert_eq!(lease.left(), Some(42));
}

/// A server that takes no number above 5; without a connection the lease panics, as the SDK does.
struct Strict {
    scripted: ScriptedLease,
    has_connection: bool,
}

impl Strict {
    fn friendly(has_connection: bool) -> Arc<Self> {
        Arc::new(Self { scripted: ScriptedLease::friendly(), has_connection })
    }
}

impl Lease for Strict {
    fn converter(&self) -> PayloadConverter {
        self.scripted.converter()
    }

    fn peers(&self) -> Option<Arc<Peers>> {
        assert!(self.has_connection, "no connection");
        None
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        let number = details
            .payloads
            .first()
            .map_or(0, |payload| String::from_utf8_lossy(&payload.data).parse::<u64>().unwrap());
        if number > 5 {
            let by = TooLarge { size: 3_000_000, limit: 2_097_152 };
            return std::future::ready(Ok(Reply::TooLarge(by))).boxed();
        }
        self.scripted.beat(details, until)
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        self.scripted.leave(newest, kept)
    }

    fn is_told_to_stop(&self) -> bool {
        self.scripted.is_told_to_stop()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.scripted.told_to_stop()
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_goes_on_saving_what_is_too_large_keeps_its_lease() {
    let lease = Strict::friendly(true);
    let body = async |checkpoint: Checkpoint<u64>, _: Cancellation| {
        for value in 1..=12_000 {
            // As one that gathers what it should not, and is deaf.
            let _ = checkpoint.save(value);
            sleep(Duration::from_millis(5)).await;
        }
        Ok::<_, ActivityError>("done")
    };
    let options = OPTIONS.cancel_grace(Grace::Never);
    let takes = Takes::NOTHING.checkpoint();
    let result = run(options, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert_eq!(result.unwrap(), "done");
    let beats = lease.scripted.times().len();
    assert!((15..=60).contains(&beats), "{beats} beats in 60 s");
}

#[tokio::test(start_paused = true)]
async fn a_body_whose_heartbeat_came_to_grief_does_not_go_on_without_it() {
    let lease = Strict::friendly(false);
    let began = Instant::now();
    let body = async |_: Checkpoint<u64>, cancellation: Cancellation| {
        let reason = cancellation.cancelled().await.reason();
        Ok::<_, ActivityError>(format!("{reason:?} after {} s", began.elapsed().as_secs()))
    };
    let takes = Takes::NOTHING.cancellation();
    let running = run(OPTIONS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body);
    let ended = tokio::time::timeout(60 * SECOND, AssertUnwindSafe(running).catch_unwind()).await;
    assert!(ended.is_ok(), "it waits for ever");
    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
}
