//! An answer that the engine may lose reaches the server all the same.

use super::*;

const GONE: Line = Line::Answer(Reply::Stop(CancelReason::NotFound));

/// A lease whose first beats are welcome, and the question after the end is answered like this.
fn ending(question: impl IntoIterator<Item = Line>, ever_after: Line) -> ScriptedLease {
    let welcome = [Line::Answer(Reply::GoOn)];
    ScriptedLease::new(welcome.into_iter().chain(question), ever_after).hearing(0)
}

/// An attempt of 4 s, which beats once; it saves 7 and returns this.
async fn attempt_of_4_s(
    lease: &Arc<ScriptedLease>,
    end: Result<u64, ActivityError>,
) -> Result<u64, ActivityError> {
    attempt(OPTIONS, facts(), lease, async move |checkpoint, _| {
        checkpoint.save(7)?;
        sleep(4 * SECOND).await;
        end
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_is_asked_for_once_and_not_said_again() {
    let lease = Arc::new(ending([], GONE));
    assert_eq!(attempt_of_4_s(&lease, Ok(3)).await.unwrap(), 3);
    sleep(60 * SECOND).await;
    assert_eq!(lease.values(), [Some(7), Some(7)], "a beat, and the question");
    assert_eq!(lease.times()[1].as_secs(), 5, "the engine has a second");
    assert!(lease.said().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_two_round_trips_before_it_is_asked_for() {
    let slow = Line::Late(Duration::from_millis(600), Reply::GoOn);
    let lease = Arc::new(ScriptedLease::new([slow], GONE).hearing(0));
    attempt(OPTIONS, facts(), &lease, async |_, _| {
        sleep(5 * SECOND + SECOND / 2).await;
        Ok(3)
    })
    .await
    .unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(lease.times()[1..], [Duration::from_millis(6_700)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_engine_lost_is_said_again() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    attempt_of_4_s(&lease, Ok(3)).await.unwrap();
    sleep(60 * SECOND).await;
    let said = lease.said();
    assert_eq!(said.len(), 1, "once: {said:?}");
    assert_eq!(said[0].0.as_secs(), 5);
    assert!(said[0].1.contains("Completed"), "{said:?}");
    assert_eq!(lease.times().len(), 2, "and nothing else is sent");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_said_again_with_all_that_its_retry_depends_on() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    let failure = ApplicationFailure::builder(anyhow::anyhow!("no paper").context("printing"))
        .type_name("Printer".to_owned())
        .non_retryable(true)
        .next_retry_delay(3 * SECOND)
        .build();
    attempt_of_4_s(&lease, Err(ActivityError::application(failure))).await.unwrap_err();
    sleep(60 * SECOND).await;
    let (_, said) = &lease.said()[0];
    for part in ["printing", "no paper", "Printer", "non_retryable: true", "Some(3s)"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(lease.left(), Some(7));
}

#[test]
fn what_is_said_again_reads_as_what_the_engine_was_given() {
    let failure = ApplicationFailure::builder(anyhow::anyhow!("no paper").context("printing"))
        .type_name("Printer".to_owned())
        .next_retry_delay(3 * SECOND)
        .build();
    let again = Failed::of(&failure).failure();
    let words = |failure: &ApplicationFailure| {
        let source = failure.source_error().source().map(ToString::to_string);
        (failure.source_error().to_string(), source)
    };
    assert_eq!(words(&again), words(&failure));
    assert_eq!(words(&again), ("printing".to_owned(), Some("no paper".to_owned())));
    assert_eq!(again.type_name(), Some("Printer"));
    assert_eq!(again.next_retry_delay(), Some(3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_cancellation_are_said_again_too() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    let panicking = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, _| {
        sleep(4 * SECOND).await;
        panic!("out of cheese")
    });
    AssertUnwindSafe(panicking).catch_unwind().await.unwrap_err();
    sleep(60 * SECOND).await;
    assert!(lease.said()[0].1.contains("panicked: out of cheese"), "{:?}", lease.said());

    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new([], requested).hearing(0));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        Err(cancellation.cancelled().await.into())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
    sleep(60 * SECOND).await;
    assert_eq!(lease.said()[0].1, "Cancelled");
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_until_the_server_is_back() {
    let refused = std::iter::repeat_n(Line::Refusal, 4);
    let lease = Arc::new(ending(refused, Line::Answer(Reply::GoOn)).hearing(3));
    attempt_of_4_s(&lease, Ok(3)).await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), 1 + 4 + 1);
    assert_eq!(lease.said().len(), 3 + 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_timeout_of_questions_it_is_said_in_any_case() {
    let lease = Arc::new(ending([], Line::Refusal));
    attempt_of_4_s(&lease, Ok(3)).await.unwrap();
    sleep(60 * SECOND).await;
    let last = *lease.times().last().unwrap();
    assert!(last <= 4 * SECOND + SECOND + TIMEOUT, "{last:?}");
    assert!(lease.times().len() >= 8, "and until then it is asked: {:?}", lease.times());
    assert_eq!(lease.said().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_lost_its_lease_says_so_where_the_server_still_waits() {
    let silent = std::iter::repeat_n(Line::Silence, 30);
    let lease = Arc::new(ScriptedLease::new(silent, Line::Answer(Reply::GoOn)).hearing(0));
    let (_, answer) = endless(OPTIONS, Takes::NOTHING.checkpoint(), facts(), &lease).await;
    assert_eq!(answer, "LeaseLost");
    let beats = lease.times().len();
    sleep(60 * SECOND).await;
    assert_eq!(lease.said().len(), 1, "{:?}", lease.said());
    assert_eq!(lease.times().len(), beats, "a beat would keep alive what has no body any more");
}

#[tokio::test(start_paused = true)]
async fn a_short_attempt_asks_nothing() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    attempt(OPTIONS, facts(), &lease, async |_, _| Ok(())).await.unwrap();
    sleep(60 * SECOND).await;
    assert!(lease.times().is_empty() && lease.said().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_completes_it_elsewhere_is_not_spoken_for() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    attempt_of_4_s(&lease, Err(ActivityError::WillCompleteAsync)).await.unwrap_err();
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), 2, "a beat, and the newest details");
    assert!(lease.said().is_empty());
}

#[tokio::test(start_paused = true)]
async fn however_many_questions_are_refused_it_is_said_in_any_case() {
    // As declared, and scheduled without a timeout: an interval of 0.3 s for 30 s.
    let options = Options::new(SECOND);
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let lease = Arc::new(ending([], Line::Refusal));
    attempt(options, facts, &lease, async |_, _| {
        sleep(SECOND / 2).await;
        Ok(3)
    })
    .await
    .unwrap();
    sleep(600 * SECOND).await;
    assert_eq!(lease.said().len(), 1, "after {} beats", lease.times().len());
}

#[tokio::test(start_paused = true)]
async fn it_ends_a_timeout_after_the_attempt_whatever_comes() {
    let lease = Arc::new(ending([], Line::Refusal).hearing(1_000));
    attempt_of_4_s(&lease, Ok(3)).await.unwrap();
    sleep(600 * SECOND).await;
    let (last, _) = lease.said().last().unwrap().clone();
    assert!(last <= 4 * SECOND + TIMEOUT + SECOND, "still said {last:?} after the beginning");
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_after_the_end_is_not_sent() {
    let lease = Arc::new(ending([], Line::Answer(Reply::GoOn)));
    let mut left_behind = None;
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(7)?;
        sleep(4 * SECOND).await;
        left_behind = Some(checkpoint);
        Err::<(), _>(ActivityError::from(std::io::Error::other("disk full")))
    })
    .await
    .unwrap_err();
    assert_eq!(lease.left(), Some(7));
    // It speaks for nothing any more: another attempt may run by now.
    left_behind.unwrap().save(99).unwrap_err();
    sleep(60 * SECOND).await;
    assert_eq!(lease.values(), [Some(7), Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn where_the_engine_is_not_heard_it_is_given_no_answer() {
    for failures in [0, 1] {
        let reset = Line::Answer(Reply::Stop(CancelReason::Reset));
        let lease = Arc::new(ScriptedLease::new([], reset).hearing(failures).alone());
        let result =
            attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
                checkpoint.save(7)?;
                Err(cancellation.cancelled().await.into())
            });
        assert!(matches!(result.await, Err(ActivityError::WillCompleteAsync)), "{failures}");
        sleep(60 * SECOND).await;
        let said = lease.said();
        assert_eq!(said.len(), failures + 1, "{said:?}");
        assert!(said.iter().all(|(_, answer)| answer.contains("ActivityReset")), "{said:?}");
        assert_eq!(lease.left(), Some(7));
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_engine_is_not_heard_it_is_given_no_answer_whatever_the_server_said_last() {
    let lease = Arc::new(ScriptedLease::stopping(CancelReason::NotFound).hearing(0).alone());
    let result = attempt(OPTIONS, facts(), &lease, async |_, cancellation| {
        cancellation.cancelled().await;
        Ok(7)
    });
    assert!(matches!(result.await, Err(ActivityError::WillCompleteAsync)));
    assert_eq!(lease.said().len(), 1, "the lease asks once more what the server has");

    // What cannot be written down is nobody's to say.
    let lease = Arc::new(ScriptedLease::friendly().hearing(0).alone());
    let body = async |_, _| Err(ActivityError::cancelled());
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, body).await;
    assert!(matches!(result, Err(ActivityError::WillCompleteAsync)), "{result:?}");
}
