//! The life of an attempt against a scripted lease, on tokio's paused clock.

#![allow(clippy::unchecked_time_subtraction, reason = "moments in the wrong order fail a test")]

use std::{
    error::Error,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use temporalio_common::data_converters::{
    GenericPayloadConverter, PayloadConverter, SerializationContext, SerializationContextData,
};
use tokio::time::sleep;
use tracing::Level;

use super::*;
use crate::{
    cancel::Cancelled,
    lease::{
        Reply,
        scripted::{Line, ScriptedLease},
    },
    listener::Listener,
    options::{Grace, OnBadCheckpoint},
};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(9);

/// Beats every 3 s, less the jitter.
const OPTIONS: Options = Options::new(TIMEOUT);

fn payload<T: serde::Serialize + 'static>(value: T) -> Payload {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::None;
    converter.to_payload(&SerializationContext::new(&data, &converter), &value).unwrap()
}

fn facts() -> Facts {
    Facts {
        activity_type: "count".to_owned(),
        number: 1,
        heartbeat_timeout: Some(TIMEOUT),
        started: Instant::now(),
        deadline: None,
        details: Vec::new(),
    }
}

fn resumed_from(value: u64) -> Facts {
    Facts { number: 2, details: vec![payload(value)], ..facts() }
}

/// An attempt with a `Checkpoint<u64>` and a `Cancellation`.
async fn attempt<T, F>(
    options: Options,
    facts: Facts,
    lease: &Arc<ScriptedLease>,
    body: impl FnOnce(Checkpoint<u64>, Cancellation) -> F,
) -> Result<T, ActivityError>
where
    F: Future<Output = Result<T, ActivityError>>,
{
    let takes = Takes::NOTHING.checkpoint().cancellation();
    run(options, takes, facts, Arc::clone(lease) as Arc<dyn Lease>, body).await
}

/// The failure type that the server is told.
fn failure_type<T: fmt::Debug>(result: &Result<T, ActivityError>) -> &str {
    match result {
        Err(ActivityError::Application(failure)) => failure.type_name().unwrap_or("(none)"),
        Err(ActivityError::Cancelled { .. }) => "(cancelled)",
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn message<T: fmt::Debug>(result: &Result<T, ActivityError>) -> String {
    match result {
        Err(ActivityError::Application(failure)) => failure.to_string(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn friendly() -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::friendly())
}

fn stopping(reason: CancelReason) -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::stopping(reason))
}

#[tokio::test(start_paused = true)]
async fn a_short_attempt_sends_nothing() {
    let lease = friendly();
    let result = attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(1)?;
        Ok(checkpoint.get())
    })
    .await;
    assert_eq!(result.unwrap(), 1);
    assert!(lease.times().is_empty());
    assert_eq!(lease.left(), None);
}

#[tokio::test(start_paused = true)]
async fn beats_carry_the_newest_value_at_most_an_interval_apart() {
    let lease = friendly();
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        for second in 1..=60 {
            sleep(SECOND).await;
            checkpoint.save(second)?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let times = lease.times();
    assert!(times.len() >= 19, "{times:?}");
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    for gap in gaps.chain([times[0]]) {
        // The timer of the paused clock rounds up to a millisecond.
        assert!(gap <= 3 * SECOND + Duration::from_millis(1) && gap >= 2 * SECOND, "{gap:?}");
    }
    for (time, value) in times.iter().zip(lease.values()) {
        assert_eq!(value.unwrap_or(0), time.as_secs(), "the newest value at {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn first_beat_of_a_resumed_attempt_carries_the_last_checkpoint() {
    let lease = friendly();
    attempt(OPTIONS, resumed_from(7), &lease, async |checkpoint, _| {
        assert!(checkpoint.is_resumed());
        assert_eq!(checkpoint.get(), 7);
        sleep(4 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(lease.values(), [Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn details_that_the_body_does_not_take_stay_as_they_are() {
    let lease = friendly();
    let body = async |_: Checkpoint<crate::worker::NoCheckpoint>, _| {
        sleep(4 * SECOND).await;
        Ok::<_, ActivityError>(())
    };
    run(OPTIONS, Takes::NOTHING, resumed_from(7), Arc::clone(&lease) as Arc<dyn Lease>, body)
        .await
        .unwrap();
    assert_eq!(lease.values(), [Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_goes_on_from_details_of_another_language() {
    // As the SDKs of Go, Java, Python and TypeScript write the pattern's position.
    let written = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: b"3000".to_vec(),
        ..Payload::default()
    };
    let lease = friendly();
    let handed_over = Facts { details: vec![written.clone()], ..resumed_from(0) };
    let from = attempt(OPTIONS, handed_over, &lease, async |checkpoint, _| {
        sleep(4 * SECOND).await;
        let from = checkpoint.get();
        checkpoint.save(from + 1)?;
        sleep(4 * SECOND).await;
        Ok::<_, ActivityError>(from)
    });
    assert_eq!(from.await.unwrap(), 3000);
    // The first heartbeat has theirs as it was, the next ours as they would have written it.
    assert_eq!(lease.values(), [Some(3000), Some(3001)]);
    assert_eq!(payload(3000_u64), written);
}

#[tokio::test(start_paused = true)]
async fn details_that_are_a_null_are_none() {
    let facts = Facts { details: vec![payload(())], ..facts() };
    let value = attempt(OPTIONS, facts, &friendly(), async |checkpoint, _| {
        Ok((checkpoint.get(), checkpoint.is_resumed()))
    })
    .await;
    assert_eq!(value.unwrap(), (0, false));
}

#[tokio::test(start_paused = true)]
async fn bad_checkpoint_fails_and_names_what_was_found() {
    let facts = Facts { details: vec![payload("line 5")], number: 3, ..facts() };
    let result = attempt(OPTIONS, facts, &friendly(), async |_, _| Ok(())).await;
    assert_eq!(failure_type(&result), "BadCheckpoint");
    let message = message(&result);
    for part in ["attempt 3", "`u64`", "\"line 5\"", "restart"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_checkpoint_can_start_afresh_and_is_kept_until_something_is_saved() {
    let lease = friendly();
    let facts = Facts { details: vec![payload(Some(8))], ..facts() };
    let options = OPTIONS.on_bad_checkpoint(OnBadCheckpoint::Restart);
    let body = async |checkpoint: Checkpoint<String>, _| {
        assert!(!checkpoint.is_resumed());
        sleep(4 * SECOND).await;
        Ok::<_, ActivityError>(checkpoint.get())
    };
    let takes = Takes::NOTHING.checkpoint();
    let value = run(options, takes, facts, Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert_eq!(value.unwrap(), "");
    assert_eq!(lease.values(), [Some(8)]);
}

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

/// Says when it was dropped.
struct Witness(Arc<AtomicBool>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A body that never ends by itself; when it was dropped, and how it was answered.
async fn endless(
    options: Options,
    takes: Takes,
    facts: Facts,
    lease: &Arc<ScriptedLease>,
) -> (Duration, String) {
    let began = Instant::now();
    let dropped = Arc::new(AtomicBool::new(false));
    let witness = Witness(Arc::clone(&dropped));
    let body = async move |_: Checkpoint<u64>, _| {
        let _witness = witness;
        std::future::pending::<Result<(), ActivityError>>().await
    };
    let result = run(options, takes, facts, Arc::clone(lease) as Arc<dyn Lease>, body).await;
    assert!(dropped.load(Ordering::SeqCst), "destructors ran");
    (began.elapsed(), failure_type(&result).to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_body_is_dropped_after_its_grace_and_beaten_for_until_then() {
    let lease = stopping(CancelReason::Requested);
    let takes = Takes::NOTHING.cancellation();
    let (took, answer) = endless(OPTIONS, takes, facts(), &lease).await;
    let told = lease.times()[0];
    assert_eq!((took - told).as_secs(), 10);
    assert_eq!(answer, "(cancelled)");
    assert!(lease.times().len() >= 4, "{:?}", lease.times());
}

#[tokio::test(start_paused = true)]
async fn a_declared_grace_is_kept() {
    let lease = stopping(CancelReason::Reset);
    let options = OPTIONS.cancel_grace(Grace::After(2 * SECOND));
    let (took, _) = endless(options, Takes::NOTHING.checkpoint(), facts(), &lease).await;
    assert_eq!((took - lease.times()[0]).as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_see_its_cancellation_is_dropped_at_once() {
    let lease = stopping(CancelReason::Paused);
    let (took, answer) = endless(OPTIONS, Takes::NOTHING, facts(), &lease).await;
    assert!(took - lease.times()[0] <= Duration::from_millis(1), "{took:?}");
    assert_eq!(answer, "ActivityPaused");
}

#[tokio::test(start_paused = true)]
async fn grace_of_a_body_told_by_the_engine_counts_from_there() {
    let lease = stopping(CancelReason::Requested);
    let engine = lease.engine.clone();
    tokio::spawn(async move {
        sleep(7 * SECOND).await;
        engine.cancel();
    });
    let options = OPTIONS.cancel_grace(Grace::After(SECOND));
    let (took, _) = endless(options, Takes::NOTHING.context(), facts(), &lease).await;
    assert_eq!(took.as_secs(), 8);
}

#[tokio::test(start_paused = true)]
async fn never_leaves_the_body_alone() {
    let lease = stopping(CancelReason::Requested);
    let options = OPTIONS.cancel_grace(Grace::Never);
    let result = attempt(options, facts(), &lease, async |_, _| {
        sleep(300 * SECOND).await;
        Ok("done")
    })
    .await;
    assert_eq!(result.unwrap(), "done");
    assert!(lease.times().len() >= 100, "and goes on beating");
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_lost_a_timeout_after_the_last_acknowledged_beat_was_sent() {
    // Two beats are acknowledged, the second only 2 s after it was sent; then silence.
    let script = [Line::Answer(Reply::GoOn), Line::Late(2 * SECOND)];
    let lease = Arc::new(ScriptedLease::new(script, Line::Silence));
    let options = OPTIONS.cancel_grace(Grace::Never);
    let (took, answer) = endless(options, Takes::NOTHING.checkpoint(), facts(), &lease).await;
    let sent = lease.times()[1];
    let lost = took - sent;
    assert!(lost >= TIMEOUT && lost <= TIMEOUT + Duration::from_millis(2), "{lost:?}");
    assert_eq!(answer, "LeaseLost");
}

#[tokio::test(start_paused = true)]
async fn the_first_window_counts_from_the_servers_start() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let facts = Facts { started: Instant::now() - 2 * SECOND, ..facts() };
    let (took, answer) = endless(OPTIONS, Takes::NOTHING, facts, &lease).await;
    assert_eq!(took.as_secs(), 7);
    assert_eq!(answer, "LeaseLost");
}

#[tokio::test(start_paused = true)]
async fn a_server_gone_for_half_a_timeout_changes_nothing() {
    let script = [Line::Answer(Reply::GoOn), Line::Silence];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let result = attempt(OPTIONS, facts(), &lease, async |_, _| {
        sleep(60 * SECOND).await;
        Ok("done")
    })
    .await;
    assert_eq!(result.unwrap(), "done");
    let retry = lease.times()[2] - lease.times()[1];
    assert!(retry < 4 * SECOND, "tried again soon after its limit: {retry:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_at_its_deadline_after_a_last_beat() {
    let lease = friendly();
    let options = OPTIONS.cancel_grace(Grace::Never);
    let facts = Facts { deadline: Some(Instant::now() + 5 * SECOND), ..facts() };
    let began = Instant::now();
    let result = attempt::<(), _>(options, facts, &lease, async |checkpoint, _| {
        for tenth in 1.. {
            sleep(SECOND / 10).await;
            let _ = checkpoint.save(tenth);
        }
        Ok(())
    })
    .await;
    assert_eq!(failure_type(&result), "DeadlineExceeded");
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(lease.values().last().unwrap().unwrap() >= 44, "{:?}", lease.values());
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_named_and_counted_from_the_last_progress() {
    let lease = friendly();
    let options = OPTIONS.stall_timeout(20 * SECOND);
    let began = Instant::now();
    let result = attempt::<(), _>(options, facts(), &lease, async |checkpoint, cancellation| {
        for value in 0..10 {
            sleep(10 * SECOND).await;
            checkpoint.save(value)?;
        }
        sleep(10 * SECOND).await;
        checkpoint.touch()?;
        Err(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "ActivityStalled");
    // 110 s of progress, then 20 s without, known to within an interval.
    let took = began.elapsed();
    assert!(took >= 130 * SECOND && took <= 134 * SECOND, "{took:?}");
    // The touch was seen 20 s before, the last save 10 s before that, each to within an interval.
    let message = message(&result);
    assert!(message.contains("no progress for 2"), "{message}");
    let (_, age) = message.split_once("10 saves in this attempt, the last ").expect(&message);
    let age: f64 = age.split_once('s').unwrap().0.parse().unwrap();
    assert!((27.0..=33.0).contains(&age), "{message}");
    assert_eq!(lease.left(), Some(9));
}

#[tokio::test(start_paused = true)]
async fn a_stall_without_a_save_says_that_there_was_none() {
    let options = OPTIONS.stall_timeout(20 * SECOND);
    let body = async |_, cancellation: Cancellation| Err(cancellation.cancelled().await.into());
    let result = attempt::<(), _>(options, facts(), &friendly(), body).await;
    assert!(message(&result).contains("nothing was saved"), "{}", message(&result));
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_said_but_not_what_a_checkpoint_contains() {
    let listener = Listener::at(Level::INFO);
    let lease = stopping(CancelReason::Requested);
    let secret = Facts { details: vec![payload(4_711_u64)], ..resumed_from(0) };
    let result = attempt::<(), _>(OPTIONS, secret, &lease, async |checkpoint, cancellation| {
        sleep(SECOND).await;
        checkpoint.save(4_712)?;
        Err(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "(cancelled)");
    let said = listener.said();
    for part in ["resumed", "attempt=2", "bytes=4", "cancelled", "reason=Requested"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("4711") && !said.contains("4712"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn details_that_are_restarted_from_are_said_to_those_who_debug_alone() {
    let listener = Listener::at(Level::INFO);
    let options = OPTIONS.on_bad_checkpoint(OnBadCheckpoint::Restart);
    let secret = Facts { details: vec![payload("hunter2")], ..resumed_from(0) };
    attempt(options, secret, &friendly(), async |checkpoint, _| {
        Ok::<_, ActivityError>(checkpoint.get())
    })
    .await
    .unwrap();
    let said = listener.said();
    assert!(said.contains("starting afresh") && !said.contains("hunter2"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_attempt_is_said_with_what_it_took() {
    let listener = Listener::at(Level::DEBUG);
    attempt(OPTIONS, facts(), &friendly(), async |checkpoint, _| {
        sleep(10 * SECOND).await;
        checkpoint.save(1)?;
        Ok::<_, ActivityError>(())
    })
    .await
    .unwrap();
    let said = listener.said();
    for part in ["settled", "took=10s", "saves=1", "beats=3", "activity_type=\"count\""] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_for_its_acknowledgement() {
    let lease = Arc::new(ScriptedLease::new([Line::Late(SECOND)], Line::Answer(Reply::GoOn)));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        let began = Instant::now();
        checkpoint.commit(5).await?;
        assert_eq!(began.elapsed().as_secs(), 1);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(lease.values(), [Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_sent_again_where_a_call_failed() {
    let lease = Arc::new(ScriptedLease::new([Line::Silence], Line::Answer(Reply::GoOn)));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| Ok(checkpoint.commit(5).await?))
        .await
        .unwrap();
    assert_eq!(lease.values(), [Some(5), Some(5)]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_sent_again_where_it_could_be_overtaken() {
    let settling = Duration::from_millis(100);
    let lease = Arc::new(ScriptedLease::friendly().with_unsettled(settling));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| Ok(checkpoint.commit(5).await?))
        .await
        .unwrap();
    assert_eq!(lease.values(), [Some(5), Some(5)]);
    assert!(lease.times()[1] >= settling);
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
    let too_large = Reply::TooLarge { size: 3_000_000, limit: 2_097_152 };
    let lease = Arc::new(ScriptedLease::new([], Line::Answer(too_large)));
    let (_, answer) = endless(OPTIONS, Takes::NOTHING.checkpoint(), facts(), &lease).await;
    assert_eq!(answer, "CheckpointTooLarge");
    assert_eq!(lease.left(), None);
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
async fn a_shield_keeps_a_section_from_being_dropped_within() {
    let lease = stopping(CancelReason::Requested);
    let options = OPTIONS.cancel_grace(Grace::After(Duration::ZERO));
    let finished = Arc::new(AtomicBool::new(false));
    let witness = Arc::clone(&finished);
    let result = attempt::<(), _>(options, facts(), &lease, async move |_, cancellation| {
        cancellation
            .shield(async {
                sleep(8 * SECOND).await;
                witness.store(true, Ordering::SeqCst);
            })
            .await;
        std::future::pending().await
    })
    .await;
    assert!(finished.load(Ordering::SeqCst));
    assert_eq!(failure_type(&result), "(cancelled)");
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
    let left_behind = attempt(OPTIONS, facts(), &friendly(), async |checkpoint, cancellation| {
        Ok((checkpoint, cancellation))
    })
    .await;
    let (checkpoint, cancellation) = left_behind.unwrap();
    assert_eq!(cancellation.cancelled().await.reason(), CancelReason::LeaseLost);
    assert!(checkpoint.commit(1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_on_the_servers_side_it_still_beats_and_no_lease_is_lost() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let result = attempt(OPTIONS, facts, &lease, async |_, _| {
        sleep(100 * SECOND).await;
        Ok("done")
    });
    assert_eq!(result.await.unwrap(), "done");
    assert!(lease.times().len() > 10);
}

/// Moves the paused clock: it does not move by itself while a blocking function runs.
fn move_clock() -> tokio_util::task::AbortOnDropHandle<()> {
    tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async {
        loop {
            tokio::time::advance(SECOND / 10).await;
            std::thread::yield_now();
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_blocking_body_has_the_same_handles() {
    let lease = friendly();
    let result = attempt(OPTIONS, resumed_from(3), &lease, |checkpoint, _| {
        crate::worker::run_blocking(move || {
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
    let panicking = attempt::<(), _>(OPTIONS, facts(), &lease, |_, _| {
        crate::worker::run_blocking(|| panic!("out of cheese"))
    });
    let lost = AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    assert_eq!(lost.downcast_ref::<&str>(), Some(&"out of cheese"));
}

#[tokio::test(start_paused = true)]
async fn a_blocking_body_left_behind_has_lost_its_lease() {
    let lease = stopping(CancelReason::Requested);
    let _clock = move_clock();
    let (go_on, left_behind) = std::sync::mpsc::channel::<()>();
    let (report, reported) = tokio::sync::oneshot::channel();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, |checkpoint, _| {
        crate::worker::run_blocking(move || {
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
