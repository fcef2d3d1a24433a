//! How long a body may go on after a cancellation.

use super::*;

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
async fn a_grace_counts_once_whatever_else_the_attempt_is_told() {
    let script = [Line::Answer(Reply::Stop(CancelReason::Paused))];
    let requested = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new(script, requested));
    let (took, answer) = endless(OPTIONS, Takes::NOTHING.cancellation(), facts(), &lease).await;
    assert_eq!((took - lease.times()[0]).as_secs(), 10);
    assert_eq!(answer, "(cancelled)");
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
async fn grace_of_a_body_with_a_handle_counts_from_there_whatever_the_engine_says_later() {
    let lease = stopping(CancelReason::Requested);
    let engine = lease.engine.clone();
    tokio::spawn(async move {
        sleep(7 * SECOND).await;
        engine.cancel();
    });
    let (took, _) = endless(OPTIONS, Takes::NOTHING.cancellation(), facts(), &lease).await;
    assert_eq!((took - lease.times()[0]).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn grace_of_a_body_that_the_engine_never_tells_counts_from_the_end_of_its_patience() {
    let lease = stopping(CancelReason::Requested);
    let options = OPTIONS.cancel_grace(Grace::After(SECOND));
    let (took, _) = endless(options, Takes::NOTHING.context(), facts(), &lease).await;
    assert_eq!(took - lease.times()[0], TIMEOUT + 5 * SECOND + SECOND);
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

/// Sections for many minutes, some with others within; after how many seconds it ended, and its answer.
async fn sections(options: Options, lease: &Arc<ScriptedLease>) -> (u64, String) {
    let began = Instant::now();
    let result = attempt::<(), _>(options, facts(), lease, async |_, cancellation| {
        for _ in 0..300 {
            cancellation.shield(sleep(SECOND)).await;
            let within = async { cancellation.shield(sleep(SECOND)).await };
            cancellation.shield(within).await;
        }
        Ok(())
    });
    let result = result.await;
    (began.elapsed().as_secs(), failure_type(&result).to_owned())
}

#[tokio::test(start_paused = true)]
async fn sections_one_after_another_end_with_the_lease() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (took, answer) = sections(OPTIONS, &lease).await;
    assert!((9..=10).contains(&took), "{took} s");
    assert_eq!(answer, "LeaseLost");
}

#[tokio::test(start_paused = true)]
async fn sections_one_after_another_end_with_the_grace() {
    let options = OPTIONS.cancel_grace(Grace::After(2 * SECOND));
    let (took, answer) = sections(options, &stopping(CancelReason::Requested)).await;
    // Told after an interval, and a section may just have begun.
    assert!((4..=6).contains(&took), "{took} s");
    assert_eq!(answer, "(cancelled)");
}

#[tokio::test(start_paused = true)]
async fn a_section_of_code_that_outlives_its_attempt_runs_to_its_end() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (send, received) = tokio::sync::oneshot::channel();
    let result = attempt::<(), _>(OPTIONS, facts(), &lease, async |_, cancellation| {
        let outlives = cancellation.clone();
        tokio::spawn(async move {
            sleep(60 * SECOND).await;
            let _ = send.send(outlives.shield(async { 7 }).await);
        });
        Err(cancellation.cancelled().await.into())
    });
    assert_eq!(failure_type(&result.await), "LeaseLost");
    assert_eq!(received.await, Ok(7));
}
