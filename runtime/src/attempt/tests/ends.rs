//! How each end of an attempt is answered.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_error_leaves_the_newest_value() {
    let lease = friendly();
    let result = attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(41)?;
        checkpoint.update(|value| *value += 1)?;
        Err::<(), _>(ActivityError::from(std::io::Error::other("disk full")))
    })
    .await;
    assert_eq!(message(&result), "disk full");
    assert_eq!(lease.left(), Some(42));
}

#[tokio::test(start_paused = true)]
async fn a_panic_leaves_the_newest_value_and_goes_on() {
    let lease = friendly();
    let panicking = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(42)?;
        panic!("out of cheese");
    });
    let payload = AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of cheese"));
    assert_eq!(lease.left(), Some(42));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_panics_leaves_the_last_value_whole() {
    let lease = friendly();
    let panicking = attempt::<(), _>(OPTIONS, resumed_from(1), &lease, async |checkpoint, _| {
        checkpoint.update(|value| {
            *value = 99;
            panic!("half-way");
        })?;
        Ok(())
    });
    AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert_eq!(lease.left(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn each_reason_is_answered_in_its_own_way() {
    let rows = [
        (CancelReason::Requested, "(cancelled)", None),
        (CancelReason::Paused, "ActivityPaused", Some(5)),
        (CancelReason::Reset, "ActivityReset", Some(5)),
        (CancelReason::NotFound, "NotFound", Some(5)),
    ];
    for (reason, answer, left) in rows {
        let lease = stopping(reason);
        let began = Instant::now();
        let result =
            attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
                checkpoint.save(5)?;
                let cancelled = cancellation.cancelled().await;
                assert_eq!(cancelled.reason(), reason);
                assert_eq!(checkpoint.save(5).unwrap_err().reason(), reason);
                assert_eq!(cancellation.check().unwrap_err().reason(), reason);
                assert_eq!(checkpoint.commit(5).await.unwrap_err().reason(), reason);
                let waiting = cancellation.run_until_cancelled(std::future::pending::<()>());
                assert_eq!(waiting.await.unwrap_err().reason(), reason);
                Err(cancelled.into())
            })
            .await;
        assert_eq!(failure_type(&result), answer);
        assert_eq!(lease.left(), left, "{reason:?}");
        assert!(began.elapsed() <= 3 * SECOND + Duration::from_millis(1), "within an interval");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_is_the_same_wherever_it_is_asked_for() {
    let lease = stopping(CancelReason::Paused);
    let result = attempt(OPTIONS, facts(), &lease, async |checkpoint, it| {
        let waited = it.cancelled().await;
        let reasons = [
            waited,
            it.check().unwrap_err(),
            it.run_until_cancelled(std::future::pending::<()>()).await.unwrap_err(),
            checkpoint.save(1).unwrap_err(),
            checkpoint.update(|value| *value += 1).unwrap_err(),
            checkpoint.touch().unwrap_err(),
            checkpoint.commit(3).await.unwrap_err(),
        ]
        .map(|cancelled| cancelled.reason());
        assert_eq!(reasons, [CancelReason::Paused; 7]);
        assert!(it.is_cancelled() && it.token().is_cancelled());
        Ok::<_, ActivityError>(checkpoint.get())
    });
    assert_eq!(result.await.unwrap(), 3, "saved even then");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_a_flag_is_a_shutdown_and_the_next_attempt_comes_at_once() {
    let lease = friendly();
    let engine = lease.engine.clone();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        checkpoint.save(5)?;
        engine.cancel();
        Err(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "WorkerShutdown");
    let Err(ActivityError::Application(failure)) = result else { unreachable!() };
    assert_eq!(failure.next_retry_delay(), Some(Duration::from_millis(1)));
    assert_eq!(lease.left(), Some(5));
    assert_eq!(lease.times(), [Duration::ZERO], "one beat asked why");
}

#[tokio::test(start_paused = true)]
async fn a_token_with_a_flag_has_its_reason() {
    let lease = stopping(CancelReason::Requested);
    lease.engine.cancel();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        Err(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "(cancelled)");
}

#[tokio::test(start_paused = true)]
async fn the_sdks_own_cancelled_error_is_answered_by_reason() {
    let lease = stopping(CancelReason::Paused);
    lease.engine.cancel();
    let result =
        attempt::<(), _>(OPTIONS, facts(), &lease, async |_, _| Err(ActivityError::cancelled()))
            .await;
    assert_eq!(failure_type(&result), "ActivityPaused");
    let unasked = attempt::<(), _>(OPTIONS, facts(), &friendly(), async |_, _| {
        Err(ActivityError::cancelled())
    })
    .await;
    assert_eq!(failure_type(&unasked), "UnrequestedCancellation");
}

/// A user's own error, with a cancellation somewhere below.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("row {row}")]
    Row { row: u64, source: Cancelled },
    #[error("import")]
    Boxed(#[source] Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Transparent(#[from] Cancelled),
    #[error("own")]
    Own,
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_recognised_at_any_depth() {
    let depths: [fn(Cancelled) -> ActivityError; 7] = [
        |cancelled| cancelled.into(),
        |cancelled| anyhow::Error::from(cancelled).context("reading").context("importing").into(),
        |source| ImportError::Row { row: 3, source }.into(),
        |cancelled| ImportError::Transparent(cancelled).into(),
        |cancelled| ImportError::Boxed(cancelled.into()).into(),
        |cancelled| {
            let nested = ImportError::Boxed(ImportError::Row { row: 3, source: cancelled }.into());
            anyhow::Error::from(nested).context("importing").into()
        },
        |cancelled| ActivityError::application(ApplicationFailure::new(cancelled)),
    ];
    for (index, wrap) in depths.into_iter().enumerate() {
        let lease = stopping(CancelReason::Requested);
        let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
            Err(wrap(cancellation.cancelled().await))
        })
        .await;
        assert_eq!(failure_type(&result), "(cancelled)", "depth {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_otherwise_after_a_cancellation_fails_with_its_own_error() {
    let lease = stopping(CancelReason::Requested);
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        cancellation.cancelled().await;
        Err(ImportError::Own.into())
    })
    .await;
    assert_eq!(message(&result), "own");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_catches_its_cancellation_completes() {
    let lease = stopping(CancelReason::Requested);
    let result = attempt(OPTIONS, facts(), &lease, async |_, cancellation| {
        Ok(cancellation.cancelled().await.to_string())
    })
    .await;
    assert_eq!(result.unwrap(), "cancelled: the activity was cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_request_to_cancel_after_a_pause_is_the_one_that_is_answered() {
    let script = [Line::Answer(Reply::Stop(CancelReason::Paused))];
    let lease =
        Arc::new(ScriptedLease::new(script, Line::Answer(Reply::Stop(CancelReason::Requested))));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        let cancelled = cancellation.cancelled().await;
        assert_eq!(cancelled.reason(), CancelReason::Paused);
        sleep(4 * SECOND).await;
        Err(cancelled.into())
    })
    .await;
    assert_eq!(failure_type(&result), "(cancelled)");
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_is_too_large_fails_for_good_and_keeps_the_last_one() {
    let too_large = Reply::TooLarge(TooLarge { size: 3_000_000, limit: 2_097_152 });
    let lease = Arc::new(ScriptedLease::new([], Line::Answer(too_large)));
    let listener = Listener::at(Level::INFO);
    let (_, answer) = endless(OPTIONS, Takes::NOTHING.checkpoint(), facts(), &lease).await;
    assert_eq!(answer, "CheckpointTooLarge");
    assert_eq!(lease.left(), None);
    let said = listener.said();
    assert_eq!(said.matches("cancelled reason=CheckpointTooLarge").count(), 1, "{said}");
}

/// A state whose serialisation panics, but for the one that every attempt begins with.
#[derive(Clone, Default, serde::Deserialize)]
struct Explosive(bool);

impl serde::Serialize for Explosive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "exploded as planned");
        serializer.serialize_bool(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_whose_serialisation_panics_fails_by_name_and_does_not_end_the_heartbeat() {
    let listener = Listener::at(Level::INFO);
    let body = async |checkpoint: Checkpoint<Explosive>, cancellation: Cancellation| {
        checkpoint.save(Explosive(true))?;
        Err::<(), ActivityError>(cancellation.cancelled().await.into())
    };
    let takes = Takes::NOTHING.checkpoint().cancellation();
    let lease = friendly() as Arc<dyn Lease>;
    let result = run(OPTIONS, takes, facts(), lease, body).await;
    assert_eq!(failure_type(&result), "CheckpointInvalid");
    assert!(message(&result).contains("panicked"), "{}", message(&result));
    assert!(listener.said().contains("cancelled reason=CheckpointInvalid"), "{}", listener.said());
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_cannot_be_serialised_is_an_error_that_says_so() {
    type Keyed = std::collections::HashMap<(u8, u8), u8>;
    let body = async |checkpoint: Checkpoint<Keyed>, cancellation: Cancellation| {
        checkpoint.save(Keyed::from([((1, 2), 3)]))?;
        Err::<(), _>(ActivityError::from(cancellation.cancelled().await))
    };
    let takes = Takes::NOTHING.checkpoint().cancellation();
    let result = run(OPTIONS, takes, facts(), friendly() as Arc<dyn Lease>, body).await;
    assert_eq!(failure_type(&result), "CheckpointInvalid");
    assert!(message(&result).contains("key must be a string"), "{}", message(&result));
}

#[tokio::test(start_paused = true)]
async fn async_completion_sends_the_newest_details_and_stops_beating() {
    let lease = friendly();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(5)?;
        Err(ActivityError::WillCompleteAsync)
    })
    .await;
    assert!(matches!(result, Err(ActivityError::WillCompleteAsync)));
    sleep(60 * SECOND).await;
    assert_eq!(lease.values(), [Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_attempt_stops_beating() {
    let lease = friendly();
    let running = attempt(OPTIONS, facts(), &lease, async |_, _| {
        std::future::pending::<Result<(), ActivityError>>().await
    });
    assert!(tokio::time::timeout(10 * SECOND, running).await.is_err());
    let beats = lease.times().len();
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), beats);
}

#[tokio::test(start_paused = true)]
async fn handles_that_outlive_the_attempt_are_cancelled() {
    let mut left_behind = None;
    attempt(OPTIONS, facts(), &friendly(), async |checkpoint, cancellation| {
        left_behind = Some((checkpoint, cancellation));
        Ok(())
    })
    .await
    .unwrap();
    let (checkpoint, cancellation) = left_behind.unwrap();
    assert_eq!(cancellation.cancelled().await.reason(), CancelReason::LeaseLost);
    assert!(checkpoint.commit(1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_attempt_tells_its_handles() {
    let (hand_out, mut handed_out) = tokio::sync::mpsc::unbounded_channel();
    let lease = friendly();
    let running = attempt(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        hand_out.send((checkpoint, cancellation)).unwrap();
        std::future::pending::<Result<(), ActivityError>>().await
    });
    assert!(tokio::time::timeout(SECOND, running).await.is_err());
    let (checkpoint, cancellation) = handed_out.recv().await.unwrap();
    assert_eq!(cancellation.cancelled().await.reason(), CancelReason::LeaseLost);
    assert!(checkpoint.save(1).is_err());
    assert!(checkpoint.commit(2).await.is_err(), "it does not wait for ever");
}

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
    let panicking = attempt::<(), _>(options, facts(), &lease, async |checkpoint, _| {
        let _explosion = Explosion;
        checkpoint.save(42)?;
        std::future::pending().await
    });
    AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
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
    assert_eq!(lease.values(), [Some(5), Some(6), Some(5), Some(5)]);
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

/// A lease that keeps nothing of a beat, as one on a server does.
#[derive(Default)]
struct Forgetful(std::sync::atomic::AtomicUsize);

impl Lease for Forgetful {
    fn converter(&self) -> PayloadConverter {
        PayloadConverter::default()
    }

    fn beat(
        &self,
        _: crate::checkpoint::Details,
        _: Instant,
    ) -> futures_util::future::BoxFuture<'_, Result<Reply, crate::lease::BeatError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Reply::GoOn)).boxed()
    }

    fn leave(
        &self,
        _: Option<crate::checkpoint::Details>,
        _: crate::checkpoint::Details,
    ) -> futures_util::future::BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn is_told_to_stop(&self) -> bool {
        false
    }

    fn told_to_stop(&self) -> futures_util::future::BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_whose_destructor_panics_does_not_end_the_heartbeat() {
    let lease = Arc::new(Forgetful::default());
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
    let beats = lease.0.load(Ordering::SeqCst);
    assert!(beats >= 19, "{beats} beats in 60 s");
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
