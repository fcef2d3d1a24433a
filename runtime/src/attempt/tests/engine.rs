//! What an engine does with its own token: it shuts down, or it gives the attempt up.

use super::*;

/// The engine's token fires at this time; how the attempt ends, which else takes 60 s.
async fn told_at(
    lease: &Arc<ScriptedLease>,
    moment: Duration,
    takes: Takes,
) -> Result<&'static str, ActivityError> {
    told_after(lease, sleep(moment), takes).await
}

async fn told_after(
    lease: &Arc<ScriptedLease>,
    moment: impl Future<Output = ()> + Send + 'static,
    takes: Takes,
) -> Result<&'static str, ActivityError> {
    let engine = lease.engine.clone();
    let telling = tokio::spawn({
        let engine = engine.clone();
        async move {
            moment.await;
            engine.cancel();
        }
    });
    let body = async move |_: Checkpoint<u64>, cancellation: Cancellation| {
        tokio::select! {
            () = engine.cancelled(), if takes.is_told_by_engine() => Err(ActivityError::cancelled()),
            cancelled = cancellation.cancelled() => Err(cancelled.into()),
            () = sleep(60 * SECOND) => Ok("done"),
        }
    };
    let result = run(OPTIONS, takes, facts(), Arc::clone(lease) as Arc<dyn Lease>, body).await;
    telling.await.unwrap();
    result
}

/// An engine that gives up 14 s after the last report of its lane, or after the beginning.
fn lease() -> Arc<ScriptedLease> {
    Arc::new(ScriptedLease::friendly().with_engine(TIMEOUT).hearing(0))
}

const HANDLES: Takes = Takes::NOTHING.checkpoint().cancellation();

#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_engine_gave_up_goes_on_and_answers_by_itself() {
    let lease = lease();
    let listener = Listener::at(Level::WARN);
    assert_eq!(told_at(&lease, 14 * SECOND, HANDLES).await.unwrap(), "done");
    assert!(listener.said().contains("the SDK gave the attempt up"), "{}", listener.said());
    assert!(lease.recorded().iter().all(|time| *time < 14 * SECOND), "nothing more on its lane");
    sleep(SECOND).await;
    let (said, _) = lease.said()[0].clone();
    assert_eq!(said.as_secs(), 60, "at once");
}

#[tokio::test(start_paused = true)]
async fn it_counts_from_the_report_before_the_last_which_may_be_lost() {
    let lease = lease();
    let watched = Arc::clone(&lease);
    let lost = async move {
        while watched.recorded().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        // The second report, 9 s after this one, is lost.
        sleep(14 * SECOND).await;
    };
    assert_eq!(told_after(&lease, lost, HANDLES).await.unwrap(), "done");
    assert_eq!(lease.recorded().len(), 2, "nothing more on its lane");
}

#[tokio::test(start_paused = true)]
async fn at_any_other_time_the_worker_shuts_down() {
    for moment in [1, 5, 12, 16, 30, 46] {
        let result = told_at(&lease(), moment * SECOND, HANDLES).await;
        assert_eq!(failure_type(&result), "WorkerShutdown", "at {moment} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_knows_the_engine_alone_has_lost_its_lease_with_it() {
    let takes = Takes::NOTHING.context();
    let result = told_at(&lease(), 14 * SECOND, takes).await;
    assert_eq!(failure_type(&result), "LeaseLost");
    let result = told_at(&lease(), 5 * SECOND, takes).await;
    assert_eq!(failure_type(&result), "WorkerShutdown");
}

#[tokio::test(start_paused = true)]
async fn the_beat_that_a_commit_waits_for_is_not_the_engines_to_carry() {
    let lease = lease();
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        // Two beats went out, and the next one would be the engine's.
        sleep(8 * SECOND).await;
        checkpoint.commit(5).await.map_err(ActivityError::from)
    })
    .await
    .unwrap();
    assert_eq!(lease.values(), [None, None, Some(5)]);
    assert!(lease.recorded().is_empty(), "{:?}", lease.recorded());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_for_its_lane_is_not_given_to_it() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(TIMEOUT).refusing_a_report());
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |checkpoint, cancellation| {
        checkpoint.commit(5).await?;
        // Two beats carry it; the third is the engine's.
        sleep(8 * SECOND).await;
        checkpoint.save(6)?;
        Err(cancellation.cancelled().await.into())
    })
    .await;
    assert_eq!(failure_type(&result), "CheckpointTooLarge");
    assert_eq!(lease.left(), Some(5), "the last one that was acknowledged");
    assert!(lease.recorded().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_in_a_shutdown_is_said_before_the_engine_makes_a_failure_of_it() {
    // The question why it should stop is not answered by a flag; the beat after it is.
    let go_on = [Line::Answer(Reply::GoOn)];
    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new(go_on, requested).with_engine(TIMEOUT).hearing(0));
    lease.engine.cancel();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        let cancelled = cancellation.cancelled().await;
        assert_eq!(cancelled.reason(), CancelReason::WorkerShutdown);
        sleep(4 * SECOND).await;
        Err(cancelled.into())
    })
    .await;
    assert_eq!(failure_type(&result), "(cancelled)");
    assert_eq!(lease.said().len(), 1, "before it was returned");
    sleep(60 * SECOND).await;
    assert_eq!(lease.said().len(), 1, "and heard");
}

/// Was told of a request, cleans up, and ends as the worker shuts down.
async fn cancelled_in_a_shutdown(
    lease: &Arc<ScriptedLease>,
    facts: Facts,
    after: Duration,
) -> Result<(), ActivityError> {
    let engine = lease.engine.clone();
    attempt::<(), _>(OPTIONS, facts, lease, async |_, cancellation| {
        let cancelled = cancellation.cancelled().await;
        assert_eq!(cancelled.reason(), CancelReason::Requested);
        engine.cancel();
        sleep(after).await;
        Err(cancelled.into())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_reports_of_its_own_can_only_shut_down() {
    // As where a workflow schedules without a heartbeat timeout.
    let lease = Arc::new(ScriptedLease::new([], Line::Answer(REQUESTED)).hearing(0));
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let result = cancelled_in_a_shutdown(&lease, facts, SECOND).await;
    assert_eq!(failure_type(&result), "(cancelled)");
    assert_eq!(lease.said().len(), 1, "before it was returned");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_the_heartbeat_has_no_time_to_see_is_one_as_well() {
    let lease = ScriptedLease::new([], Line::Answer(REQUESTED)).with_engine(TIMEOUT).hearing(0);
    let lease = Arc::new(lease);
    let result = cancelled_in_a_shutdown(&lease, facts(), Duration::ZERO).await;
    assert_eq!(failure_type(&result), "(cancelled)");
    assert_eq!(lease.said().len(), 1, "before it was returned");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_the_engine_was_told_of_by_its_own_report_is_its_own_to_answer() {
    // A report may have been told within its settling time; later it was not, and it is a shutdown.
    for (after_a_report, said) in [(SECOND / 20, 0), (SECOND, 1)] {
        let go_on = [Line::Answer(Reply::GoOn), Line::Answer(Reply::GoOn)];
        let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
        let lease = ScriptedLease::new(go_on, requested).with_engine(TIMEOUT).hearing(0);
        let lease = Arc::new(lease);
        let watched = Arc::clone(&lease);
        let moment = async move {
            while watched.recorded().is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
            sleep(after_a_report).await;
        };
        let result = told_after(&lease, moment, HANDLES).await;
        assert_eq!(failure_type(&result), "(cancelled)");
        assert_eq!(lease.said().len(), said, "{after_a_report:?} after a report");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_refused_is_asked_again() {
    let script = [Line::Refusal];
    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new(script, requested));
    let result = told_at(&lease, SECOND, HANDLES).await;
    assert_eq!(failure_type(&result), "(cancelled)", "the next try would have said so");
}

#[tokio::test(start_paused = true)]
async fn a_question_for_a_body_that_was_told_first_is_asked_again_where_it_is_refused() {
    for refusals in 1..=3 {
        let script = vec![Line::Refusal; refusals];
        let lease = Arc::new(ScriptedLease::new(script, Line::Answer(REQUESTED)));
        let result = told_at(&lease, SECOND, Takes::NOTHING.context()).await;
        assert_eq!(failure_type(&result), "(cancelled)", "after {refusals} refusals");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_for_a_body_that_was_told_first_has_all_its_time_for_an_answer() {
    let lease = Arc::new(ScriptedLease::new([Line::Refusal], Line::Late(4 * SECOND, REQUESTED)));
    let result = told_at(&lease, SECOND, Takes::NOTHING.context()).await;
    assert_eq!(failure_type(&result), "(cancelled)", "4.05 s of half a timeout");
}

#[tokio::test(start_paused = true)]
async fn a_question_for_a_body_that_was_told_first_ends_as_any_other() {
    for line in [Line::Refusal, Line::Silence] {
        let lease = Arc::new(ScriptedLease::new([], line.clone()));
        let began = Instant::now();
        let result = told_at(&lease, SECOND, Takes::NOTHING.context()).await;
        assert_eq!(failure_type(&result), "WorkerShutdown");
        // Half a timeout, and the last look for a request.
        let longest = SECOND + TIMEOUT / 2 + SECOND;
        assert!(began.elapsed() <= longest + SECOND / 10, "{line:?}: {:?}", began.elapsed());
    }
}

/// What a body is told when the engine's token fires at this moment, and when.
async fn reason_at(lease: &Arc<ScriptedLease>, moment: Duration) -> (CancelReason, Duration) {
    let (began, engine) = (Instant::now(), lease.engine.clone());
    tokio::spawn(async move {
        sleep(moment).await;
        engine.cancel();
    });
    let (tell, told) = tokio::sync::oneshot::channel();
    attempt(OPTIONS, facts(), lease, async |_, cancellation| {
        let _ = tell.send(cancellation.cancelled().await.reason());
        Ok(())
    })
    .await
    .unwrap();
    (told.await.unwrap(), began.elapsed())
}

const REQUESTED: Reply = Reply::Stop(CancelReason::Requested);

#[tokio::test(start_paused = true)]
async fn only_the_answer_to_a_question_is_taken_for_one() {
    // The beat before it is answered after it, and says nothing; a refused one says nothing either.
    for first in [Line::Late(SECOND, Reply::GoOn), Line::Refusal] {
        let lease = Arc::new(ScriptedLease::new([first], Line::Late(SECOND, REQUESTED)));
        let (reason, _) = reason_at(&lease, Duration::from_millis(3_500)).await;
        assert_eq!(reason, CancelReason::Requested);
    }
    let lease = Arc::new(ScriptedLease::new([Line::Refusal], Line::Late(SECOND, REQUESTED)));
    assert_eq!(reason_at(&lease, SECOND).await.0, CancelReason::Requested);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_is_soon_asked_again_beside_it() {
    let lease = Arc::new(ScriptedLease::new([Line::Silence], Line::Answer(REQUESTED)));
    let (reason, told) = reason_at(&lease, SECOND).await;
    assert_eq!((reason, told.as_millis() / 100), (CancelReason::Requested, 15));
}

#[tokio::test(start_paused = true)]
async fn a_question_is_waited_for_no_longer_than_half_a_timeout() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (reason, told) = reason_at(&lease, SECOND).await;
    assert_eq!((reason, told.as_millis() / 100), (CancelReason::WorkerShutdown, 10 + 45));
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_there_is_time_for_the_question_too() {
    let lease = Arc::new(ScriptedLease::new([], Line::Late(SECOND, REQUESTED)));
    lease.engine.cancel();
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let body = async |_, _| Err(ActivityError::cancelled());
    let result = attempt::<(), _>(OPTIONS, facts, &lease, body).await;
    assert_eq!(failure_type(&result), "(cancelled)");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_engine_takes_as_it_is_is_not_said_before_it() {
    // A cancellation without a shutdown, and a failure in one.
    let lease = Arc::new(ScriptedLease::new([], Line::Answer(REQUESTED)).hearing(0));
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        Err(cancellation.cancelled().await.into())
    });
    assert_eq!(failure_type(&result.await), "(cancelled)");
    assert!(lease.said().is_empty(), "{:?}", lease.said());

    let lease = self::lease();
    let result = told_at(&lease, 5 * SECOND, HANDLES).await;
    assert_eq!(failure_type(&result), "WorkerShutdown");
    assert!(lease.said().is_empty(), "{:?}", lease.said());
}

#[tokio::test(start_paused = true)]
async fn one_slow_beat_long_ago_hides_no_shutdown() {
    let mut missed = Vec::new();
    for moment in (54..=118).map(|halves| halves * SECOND / 2) {
        let script = [Line::Late(SECOND, Reply::GoOn)];
        let lease = ScriptedLease::new(script, Line::Answer(Reply::GoOn));
        let lease = Arc::new(lease.with_engine(TIMEOUT).hearing(0));
        if told_at(&lease, moment, HANDLES).await.is_ok() {
            missed.push(moment);
        }
    }
    // By chance, one falls where the engine would have given up.
    assert!(missed.len() <= 2, "{missed:?}");
}
