//! An attempt that has run for long enough, and is followed by the next one.

use futures_util::StreamExt;
use temporalio_common::error::ApplicationErrorCategory;

use super::*;
use crate::resume::Finished;

/// Hands over after 10 s.
const TURNS: Options = OPTIONS.max_runtime(Duration::from_secs(10));

/// The failure of a hand-over, and whether the next attempt begins at once.
fn hand_over<T: fmt::Debug>(result: &Result<T, ActivityError>) -> bool {
    let Err(ActivityError::Application(failure)) = result else { panic!("{result:?}") };
    assert_eq!(failure.type_name(), Some("HandOver"));
    assert!(!failure.is_non_retryable());
    assert_eq!(failure.category(), ApplicationErrorCategory::Benign);
    match failure.next_retry_delay() {
        None => false,
        Some(delay) => delay == Duration::from_millis(1),
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_hands_over_between_two_items_and_drops_nothing() {
    let (lease, began) = (friendly(), Instant::now());
    let result = attempt(TURNS, facts(), &lease, async |checkpoint, cancellation| {
        for item in checkpoint.resume(0..100) {
            item?;
            // Longer than a beat, and not told of it.
            cancellation.run_until_cancelled(sleep(4 * SECOND)).await?;
            checkpoint.touch()?;
        }
        Ok(())
    });
    assert!(hand_over(&result.await), "it saved something");
    assert_eq!(began.elapsed(), 12 * SECOND, "when its third item was done");
    assert_eq!(lease.left(), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_saves_and_one_that_checks_hand_over() {
    let lease = friendly();
    let saves = attempt(TURNS, facts(), &lease, async |checkpoint, _| {
        loop {
            sleep(3 * SECOND).await;
            checkpoint.update(|count| *count += 1)?;
        }
        #[expect(unreachable_code, reason = "it says what is returned")]
        Ok(())
    });
    assert!(hand_over(&saves.await));

    let began = Instant::now();
    let checks = attempt(TURNS, facts(), &lease, async |_, cancellation| {
        while !cancellation.is_cancelled() {
            sleep(3 * SECOND).await;
        }
        Ok(cancellation.check()?)
    });
    assert!(!hand_over(&checks.await), "it would go round for ever");
    assert_eq!(began.elapsed(), 12 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_loop_does_one_item_at_least() {
    let (lease, began) = (friendly(), Instant::now());
    let result = attempt(TURNS, facts(), &lease, async |checkpoint, _| {
        sleep(15 * SECOND).await;
        for item in checkpoint.resume(0..100) {
            item?;
            sleep(SECOND).await;
        }
        Ok(())
    });
    assert!(hand_over(&result.await));
    assert_eq!((began.elapsed(), lease.left()), (16 * SECOND, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn work_that_is_done_by_then_completes() {
    let lease = friendly();
    let result = attempt(TURNS, facts(), &lease, async |checkpoint, _| {
        for item in checkpoint.resume(0..3) {
            item?;
            sleep(4 * SECOND).await;
        }
        Ok(checkpoint.get())
    });
    assert_eq!(result.await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn several_at_once_are_brought_to_their_end() {
    let lease = friendly();
    let body = async |checkpoint: Checkpoint<Finished>, _| {
        let work = |item: u64| async move {
            sleep(SECOND * if item == 2 { 9 } else { 4 }).await;
            Ok::<_, ActivityError>(())
        };
        checkpoint.resume_concurrent(0..100, 2, work).await
    };
    let takes = Takes::NOTHING.checkpoint();
    let began = Instant::now();
    let handed = run(TURNS, takes, facts(), Arc::clone(&lease) as Arc<dyn Lease>, body).await;
    assert!(hand_over(&handed));
    // Two until 4 s, the third until 13 s, the fourth until 8 s, the fifth until 12 s.
    assert_eq!(began.elapsed(), 13 * SECOND);
    assert_eq!(lease.left_text().as_deref(), Some(r#"{"up_to":5}"#));
}

#[tokio::test(start_paused = true)]
async fn a_stream_hands_over_while_it_waits() {
    let (lease, began) = (friendly(), Instant::now());
    let result = attempt(TURNS, facts(), &lease, async |checkpoint, _| {
        let few = futures_util::stream::iter(0..2_u64).chain(futures_util::stream::pending());
        let mut items = checkpoint.resume_stream(few);
        while let Some(item) = items.next().await {
            item?;
            sleep(SECOND).await;
        }
        Ok(())
    });
    assert!(hand_over(&result.await));
    assert_eq!((began.elapsed(), lease.left()), (10 * SECOND, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_request_in_the_meantime_is_the_better_answer() {
    let script = std::iter::repeat_n(Line::Answer(Reply::GoOn), 4);
    let lease = ScriptedLease::new(script, Line::Answer(Reply::Stop(CancelReason::Requested)));
    let lease = Arc::new(lease);
    let result = attempt(TURNS, facts(), &lease, async |checkpoint, _| {
        sleep(14 * SECOND).await;
        checkpoint.save(1)?;
        Ok(())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)", "which the server was asked for");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_over_that_is_kept_nowhere() {
    let body = async |checkpoint: Checkpoint<u64>, _| {
        for item in checkpoint.resume(0..20) {
            item?;
            sleep(SECOND).await;
        }
        Ok::<_, ActivityError>(())
    };
    let nowhere = Arc::new(PlainLease::nowhere()) as Arc<dyn Lease>;
    run(TURNS, Takes::NOTHING.checkpoint(), facts(), nowhere, body).await.unwrap();
    let without = friendly() as Arc<dyn Lease>;
    run(TURNS, Takes::NOTHING.cancellation(), facts(), without, body).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_hears_of_something_else_is_answered_by_that() {
    let lease = friendly();
    let engine = lease.engine.clone();
    let result = attempt::<(), _>(TURNS, facts(), &lease, async |_, _| {
        sleep(12 * SECOND).await;
        engine.cancel();
        // Before anybody else has heard of it.
        Err(ActivityError::cancelled())
    });
    assert_eq!(failure_type(&result.await), "WorkerShutdown");
}

#[tokio::test(start_paused = true)]
async fn whether_somebody_cancelled_is_asked_before_each_hand_over() {
    // Shorter than an interval, and just after a beat: after 1 s, 3 s and 6 s.
    for seconds in [1, 3, 7] {
        let options = OPTIONS.max_runtime(Duration::from_secs(seconds));
        let beats = (seconds - 1) / 3;
        let script = (0..beats).map(|_| Line::Answer(Reply::GoOn));
        let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
        let lease = Arc::new(ScriptedLease::new(script, requested));
        let result = attempt(options, facts(), &lease, async |checkpoint, _| {
            for item in checkpoint.resume(0..1_000) {
                item?;
                sleep(SECOND / 100).await;
            }
            Ok(())
        });
        assert_eq!(failure_type(&result.await), "(cancelled)", "after {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn whether_somebody_cancelled_is_asked_in_a_shutdown_before_the_first_beat() {
    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new([], requested));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        cancellation.cancel(CancelReason::WorkerShutdown);
        sleep(SECOND).await;
        Ok(cancellation.check()?)
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
}
