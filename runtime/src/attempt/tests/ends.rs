//! How each end of an attempt is answered.

use temporalio_common::error::ApplicationErrorCategory;

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
async fn an_interruption_is_benign_and_a_loss_is_not() {
    let rows = [
        (CancelReason::Paused, ApplicationErrorCategory::Benign),
        (CancelReason::Reset, ApplicationErrorCategory::Benign),
        (CancelReason::WorkerShutdown, ApplicationErrorCategory::Benign),
        (CancelReason::NotFound, ApplicationErrorCategory::Unspecified),
    ];
    for (reason, category) in rows {
        let lease = if reason == CancelReason::WorkerShutdown {
            let lease = friendly();
            lease.engine.cancel();
            lease
        } else {
            stopping(reason)
        };
        let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
            Err(cancellation.cancelled().await.into())
        })
        .await;
        let Err(ActivityError::Application(failure)) = result else { panic!("{reason:?}") };
        assert_eq!(failure.category(), category, "{reason:?}");
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
    for lease in [friendly(), Arc::new(ScriptedLease::friendly().with_engine(TIMEOUT))] {
        let unasked =
            attempt::<(), _>(
                OPTIONS,
                facts(),
                &lease,
                async |_, _| Err(ActivityError::cancelled()),
            )
            .await;
        assert_eq!(failure_type(&unasked), "UnrequestedCancellation");
    }
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
