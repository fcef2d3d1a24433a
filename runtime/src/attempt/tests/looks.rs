//! The last look for a request to cancel, and the last beat.

use super::*;

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
async fn a_request_to_cancel_since_the_last_beat_is_asked_for_at_the_end() {
    let script = [Line::Answer(Reply::Stop(CancelReason::Paused))];
    let requested = Reply::Stop(CancelReason::Requested);
    let lease = Arc::new(ScriptedLease::new(script, Line::Late(SECOND / 2, requested)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        let cancelled = cancellation.cancelled().await;
        sleep(2 * SECOND).await; // the next beat is due after 3 s
        Err(cancelled.into())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
    assert_eq!(lease.times().len(), 2);
}

const LARGE: Line = Line::Answer(Reply::TooLarge(TooLarge { size: 3_000_000, limit: 2_097_152 }));

#[tokio::test(start_paused = true)]
async fn a_look_for_a_request_is_made_with_what_can_be_sent() {
    let script = [Line::Answer(Reply::Stop(CancelReason::Paused)), LARGE];
    let requested = Reply::Stop(CancelReason::Requested);
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(requested)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        let cancelled = cancellation.cancelled().await;
        sleep(SECOND).await;
        let _ = checkpoint.save(9);
        Err(cancelled.into())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
    assert_eq!(lease.values(), [None, Some(9), None]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_completes_elsewhere_leaves_what_can_be_sent() {
    let script = [Line::Answer(Reply::GoOn), LARGE];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.commit(3).await?;
        let _ = checkpoint.save(9);
        sleep(SECOND).await;
        Err(ActivityError::WillCompleteAsync)
    });
    assert!(matches!(result.await, Err(ActivityError::WillCompleteAsync)));
    assert_eq!(lease.values(), [Some(3), Some(9), Some(3)]);
}

#[tokio::test(start_paused = true)]
async fn a_look_for_a_request_that_nobody_answers_is_followed_by_another_while_there_is_a_lease() {
    let script = [Line::Answer(Reply::Stop(CancelReason::Paused)), Line::Silence];
    let requested = Reply::Stop(CancelReason::Requested);
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(requested)));
    let facts = Facts { heartbeat_timeout: Some(SECOND), ..facts() };
    let result = attempt::<(), _>(OPTIONS, facts, &lease, async |_, cancellation| {
        let cancelled = cancellation.cancelled().await;
        sleep(SECOND * 3 / 10).await; // the next beat is due after a third of the timeout
        Err(cancelled.into())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
    let times = lease.times();
    let [_, unanswered, answered] = times.as_slice() else { panic!("{times:?}") };
    // A third of the 0.7 s that are left.
    assert_eq!((*answered - *unanswered).as_millis() / 10, 23, "{times:?}");
}
