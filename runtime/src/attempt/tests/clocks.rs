//! The lease, the deadline, a stall, and what `commit` waits for.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_lease_is_lost_a_timeout_after_the_last_acknowledged_beat_was_sent() {
    // Two beats are acknowledged, the second only 2 s after it was sent; then silence.
    let script = [Line::Answer(Reply::GoOn), Line::Late(2 * SECOND, Reply::GoOn)];
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
async fn as_many_saves_as_touches_are_progress() {
    let options = OPTIONS.stall_timeout(20 * SECOND);
    attempt(options, facts(), &friendly(), async |checkpoint, _| {
        for value in 0..10 {
            sleep(10 * SECOND).await;
            checkpoint.save(value)?;
            checkpoint.touch()?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stall_without_a_save_says_that_there_was_none() {
    let options = OPTIONS.stall_timeout(20 * SECOND);
    let body = async |_, cancellation: Cancellation| Err(cancellation.cancelled().await.into());
    let result = attempt::<(), _>(options, facts(), &friendly(), body).await;
    assert!(message(&result).contains("nothing was saved"), "{}", message(&result));
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_for_its_acknowledgement() {
    let late = Line::Late(SECOND / 2, Reply::GoOn);
    let lease = Arc::new(ScriptedLease::new([late], Line::Answer(Reply::GoOn)));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        let began = Instant::now();
        checkpoint.commit(5).await?;
        assert_eq!(began.elapsed().as_millis(), 500);
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
async fn a_commit_waits_for_what_could_land_after_it() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(TIMEOUT));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(4)?;
        // The engine's lane carries the third beat, at 9 s less the jitter of the first.
        while lease.recorded().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        checkpoint.commit(5).await.map_err(ActivityError::from)
    })
    .await
    .unwrap();
    assert_eq!(lease.values(), [Some(4), Some(4), Some(5)]);
    let waited = lease.times()[2] - lease.recorded()[0];
    assert!(
        waited >= Duration::from_millis(100),
        "what was recorded may land until then: {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_for_an_older_beat_on_its_way_but_not_for_its_answer() {
    let lease = Arc::new(ScriptedLease::new([Line::Silence], Line::Answer(Reply::GoOn)));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.save(4)?;
        while lease.times().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        checkpoint.commit(5).await.map_err(ActivityError::from)
    })
    .await
    .unwrap();
    assert_eq!(lease.values()[..2], [Some(4), Some(5)]);
    let waited = lease.times()[1] - lease.times()[0];
    assert!((100..=103).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_longer_for_what_could_land_where_the_server_is_slow() {
    let late = Line::Late(SECOND / 2, Reply::GoOn);
    let lease = Arc::new(ScriptedLease::new([], late).with_engine(TIMEOUT));
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        while lease.recorded().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        checkpoint.commit(5).await.map_err(ActivityError::from)
    })
    .await
    .unwrap();
    let waited = *lease.times().last().unwrap() - lease.recorded()[0];
    assert!(waited >= 2 * SECOND, "four round trips: {waited:?}");
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

#[tokio::test(start_paused = true)]
async fn a_commit_returns_although_another_task_saves_and_the_server_is_slow() {
    // Slower than the interval, which is slow and not gone: one beat is always on its way.
    let lease = Arc::new(ScriptedLease::new([], Line::Late(5 * SECOND, Reply::GoOn)));
    let result = attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        let saving = async {
            for value in 1_000.. {
                checkpoint.save(value)?;
                sleep(SECOND / 10).await;
            }
            Ok::<_, ActivityError>(())
        };
        let committing = async {
            sleep(20 * SECOND).await;
            let committed = tokio::time::timeout(600 * SECOND, checkpoint.commit(7)).await;
            Ok::<_, ActivityError>(committed.is_ok())
        };
        tokio::select! {
            committed = committing => committed,
            saved = saving => saved.map(|()| false),
        }
    })
    .await;
    assert!(result.unwrap(), "not acknowledged within 600 s, with {} beats", lease.times().len());
}

/// On the real clock: on a paused one it would not end.
#[tokio::test]
async fn a_commit_costs_few_beats_although_a_save_comes_after_it() {
    let lease = Arc::new(ScriptedLease::new([Line::Silence], Line::Answer(Reply::GoOn)));
    let timeout = Duration::from_millis(900);
    let facts = Facts { heartbeat_timeout: Some(timeout), ..facts() };
    let result = attempt(Options::new(timeout), facts, &lease, async |checkpoint, _| {
        let committing = checkpoint.commit(1);
        let saving = async {
            // While the first beat, which is lost, carries the value that is waited for.
            sleep(Duration::from_millis(20)).await;
            checkpoint.save(2)
        };
        let (committed, saved) = tokio::join!(committing, saving);
        committed?;
        saved?;
        Ok(())
    })
    .await;
    result.unwrap();
    let beats = lease.times().len();
    assert!(beats <= 6, "{beats} beats for one commit");
}

/// Beats for a minute, then is asked to cancel; how many beats there were.
async fn beats_of_a_minute(options: Options, facts: Facts) -> usize {
    let welcome = std::iter::repeat_n(Line::Answer(Reply::GoOn), 5);
    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new(welcome, requested));
    let running = attempt(options, facts, &lease, async |_, _| {
        sleep(60 * SECOND).await;
        Ok(())
    });
    let _ = AssertUnwindSafe(running).catch_unwind().await;
    lease.times().len()
}

#[tokio::test(start_paused = true)]
async fn the_longest_grace_is_for_ever() {
    let options = OPTIONS.cancel_grace(Grace::After(Duration::MAX));
    assert!(beats_of_a_minute(options, facts()).await >= 19);
}

#[tokio::test(start_paused = true)]
async fn the_longest_stall_timeout_is_none() {
    let options = OPTIONS.cancel_grace(Grace::Never).stall_timeout(Duration::MAX);
    assert!(beats_of_a_minute(options, facts()).await >= 19);
}

#[tokio::test(start_paused = true)]
async fn the_longest_heartbeat_timeout_is_none() {
    let options = OPTIONS.cancel_grace(Grace::Never);
    let facts = Facts { heartbeat_timeout: Some(Duration::MAX), ..facts() };
    assert!(beats_of_a_minute(options, facts).await >= 19);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_lost_after_a_stall_is_told_in_its_own_words() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let options = OPTIONS.stall_timeout(4 * SECOND);
    let body = async |_, _| std::future::pending::<Result<(), ActivityError>>().await;
    let result = attempt(options, facts(), &lease, body).await;
    assert_eq!(failure_type(&result), "LeaseLost");
    assert!(message(&result).contains("acknowledged"), "{}", message(&result));
}

#[test]
fn what_takes_less_than_a_hundred_years_may_be_over() {
    let years = |years: u64| Duration::from_hours(years * 365 * 24);
    let stalls_after = |span| {
        let takes = Takes::NOTHING.checkpoint();
        rhythm(OPTIONS.stall_timeout(span), takes, &facts(), friendly().as_ref()).stall_timeout
    };
    assert_eq!(stalls_after(years(99)), Some(years(99)));
    assert_eq!(stalls_after(years(100)), None);
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_known_to_within_an_interval_without_heartbeats_too() {
    let options = OPTIONS.stall_timeout(60 * SECOND);
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let moved = Instant::now() + SECOND;
    let body = async |checkpoint: Checkpoint<u64>, cancellation: Cancellation| {
        sleep(SECOND).await;
        checkpoint.save(1)?;
        Err::<(), ActivityError>(cancellation.cancelled().await.into())
    };
    let takes = Takes::NOTHING.checkpoint().cancellation();
    let result =
        run(options, takes, facts, Arc::new(PlainLease::nowhere()) as Arc<dyn Lease>, body).await;
    assert_eq!(failure_type(&result), "ActivityStalled");
    let took = moved.elapsed();
    assert!(took <= 64 * SECOND, "{took:?} after it moved: {}", message(&result));
}

#[tokio::test(start_paused = true)]
async fn nothing_wakes_an_attempt_without_heartbeats() {
    let lease = Arc::new(PlainLease::nowhere());
    let facts = Facts { heartbeat_timeout: None, ..facts() };
    let body = async |_: Checkpoint<u64>, _| {
        sleep(3_600 * SECOND).await;
        Ok::<_, ActivityError>(())
    };
    let takes = Takes::NOTHING.checkpoint();
    run(OPTIONS, takes, facts, Arc::clone(&lease) as Arc<dyn Lease>, body).await.unwrap();
    assert_eq!(lease.looks(), 1);
}

/// As a process that is stopped after 50 s, for 130.
fn stop_the_process() -> tokio::task::JoinHandle<()> {
    tokio::spawn(async {
        sleep(50 * SECOND).await;
        tokio::time::advance(130 * SECOND).await;
    })
}

#[tokio::test(start_paused = true)]
async fn a_body_does_not_stall_while_its_process_is_stopped() {
    let options = OPTIONS.stall_timeout(120 * SECOND);
    let facts = Facts { heartbeat_timeout: Some(600 * SECOND), ..facts() };
    let stopped = stop_the_process();
    // In a task, so that whoever was due first is first to run: the heartbeat.
    let running = tokio::spawn(async move {
        let body = |checkpoint: Checkpoint<u64>, _: Cancellation| async move {
            checkpoint.save(1)?;
            sleep(100 * SECOND).await;
            checkpoint.save(2)?;
            Ok::<_, ActivityError>("done")
        };
        run(options, Takes::NOTHING.checkpoint(), facts, friendly() as Arc<dyn Lease>, body).await
    });
    assert_eq!(running.await.unwrap().unwrap(), "done");
    stopped.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_move_after_its_process_was_stopped_stalls_an_interval_later() {
    let options = OPTIONS.stall_timeout(120 * SECOND);
    let facts = Facts { heartbeat_timeout: Some(600 * SECOND), ..facts() };
    let stopped = stop_the_process();
    let (took, answer) = endless(options, Takes::NOTHING, facts, &friendly()).await;
    assert_eq!(answer, "ActivityStalled");
    assert!(took > 180 * SECOND && took < 184 * SECOND, "{took:?}");
    stopped.await.unwrap();
}
