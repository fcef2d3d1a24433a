//! An attempt that was long on its way: it may be over, and followed by another one.

use super::*;

fn late() -> Facts {
    Facts { came_late: true, ..facts() }
}

/// Runs a late attempt; when its body began, and how it was answered.
async fn begun(facts: Facts, lease: &Arc<ScriptedLease>) -> (Option<Duration>, String) {
    let came = Instant::now();
    let mut begun = None;
    let seen = &mut begun;
    let result = attempt(OPTIONS, facts, lease, async |_, cancellation| {
        *seen = Some(came.elapsed());
        cancellation.check()?;
        Ok("done")
    })
    .await;
    let answer = if result.is_ok() { "done".to_owned() } else { failure_type(&result).to_owned() };
    (begun, answer)
}

#[tokio::test(start_paused = true)]
async fn it_asks_before_it_begins() {
    let lease = ScriptedLease::new([Line::Late(SECOND, Reply::GoOn)], Line::Silence);
    let lease = Arc::new(lease);
    let (begun, answer) = begun(late(), &lease).await;
    assert_eq!((begun, answer.as_str()), (Some(SECOND), "done"));
    assert_eq!(lease.times(), [Duration::ZERO]);
    let other = friendly();
    assert_eq!(self::begun(facts(), &other).await.0, Some(Duration::ZERO));
    assert!(other.times().is_empty(), "one that came at once asks nobody");
}

#[tokio::test(start_paused = true)]
async fn one_that_the_server_knows_no_more_never_begins() {
    let lease = stopping(CancelReason::NotFound);
    assert_eq!(begun(late(), &lease).await, (None, "NotFound".to_owned()));
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), 1, "and says nothing more");
}

#[tokio::test(start_paused = true)]
async fn whatever_it_is_told_it_begins_only_where_there_is_something_to_do() {
    for (reason, answer) in
        [(CancelReason::Paused, "ActivityPaused"), (CancelReason::Reset, "ActivityReset")]
    {
        assert_eq!(begun(late(), &stopping(reason)).await, (None, answer.to_owned()));
    }
    // To clean up what earlier attempts did.
    let requested = begun(late(), &stopping(CancelReason::Requested)).await;
    assert_eq!(requested, (Some(Duration::ZERO), "(cancelled)".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_begins_after_an_interval_where_nobody_answers() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (begun, answer) = begun(late(), &lease).await;
    assert_eq!((begun.unwrap().as_secs(), answer.as_str()), (3, "done"));
    assert!(lease.times().len() >= 2, "it asks again: {:?}", lease.times());
}

#[tokio::test(start_paused = true)]
async fn it_begins_after_a_refusal_and_a_second_try() {
    let lease = Arc::new(ScriptedLease::new([Line::Refusal], Line::Answer(Reply::GoOn)));
    let (begun, answer) = begun(late(), &lease).await;
    assert_eq!((begun.unwrap().as_millis() / 100, answer.as_str()), (3, "done"));
}

#[tokio::test(start_paused = true)]
async fn its_lease_counts_from_the_question_that_was_answered() {
    let lease = Arc::new(ScriptedLease::new([Line::Answer(Reply::GoOn)], Line::Silence));
    let facts = Facts { started: Instant::now() - SECOND, ..late() };
    let (took, answer) = endless(OPTIONS, Takes::NOTHING.checkpoint(), facts, &lease).await;
    assert_eq!((took.as_secs(), answer.as_str()), (9, "LeaseLost"));
}

#[tokio::test(start_paused = true)]
async fn it_does_not_stall_before_it_begins() {
    let lease = Arc::new(ScriptedLease::new(
        [Line::Late(SECOND * 5 / 2, Reply::GoOn)],
        Line::Answer(Reply::GoOn),
    ));
    let options = OPTIONS.stall_timeout(2 * SECOND);
    let result = attempt(options, late(), &lease, async |_, _| {
        sleep(SECOND * 3 / 2).await;
        Ok("done")
    })
    .await;
    assert_eq!(result.unwrap(), "done");
    let result = attempt(options, late(), &friendly(), async |_, cancellation| {
        Err::<(), _>(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "ActivityStalled");
}

#[tokio::test(start_paused = true)]
async fn it_begins_unasked_where_what_it_was_handed_is_too_large_to_ask_with() {
    let too_large = Reply::TooLarge(TooLarge { size: 3_000_000, limit: 2_097_152 });
    let lease = ScriptedLease::new([Line::Answer(too_large)], Line::Answer(Reply::GoOn));
    let lease = Arc::new(lease);
    let facts = Facts { came_late: true, ..resumed_from(5) };
    let result = attempt(OPTIONS, facts, &lease, async |checkpoint, _| {
        assert_eq!(checkpoint.get(), 5);
        checkpoint.commit(1).await?;
        Ok("smaller")
    });
    assert_eq!(result.await.unwrap(), "smaller");
    assert_eq!(lease.values(), [Some(5), Some(1)]);
}
