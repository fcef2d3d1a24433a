//! What an attempt says, and what it keeps to itself.

use super::*;

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
    for part in [
        "settled",
        "outcome=\"completed\"",
        "took=10s",
        "saves=1",
        "beats=3",
        "activity_type=\"count\"",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_debug_are_shown_the_beginning_of_a_checkpoint() {
    let listener = Listener::at(Level::DEBUG);
    let text = format!("{}{}", "a".repeat(79), "z".repeat(20));
    let loaded = Facts { details: vec![payload(text)], ..resumed_from(0) };
    let takes = Takes::NOTHING.checkpoint();
    let body = async |checkpoint: Checkpoint<String>, _| Ok::<_, ActivityError>(checkpoint.get());
    run(OPTIONS, takes, loaded, friendly() as Arc<dyn Lease>, body).await.unwrap();
    // The quotation mark is the first of 80.
    let beginning = format!("{}…", "a".repeat(79));
    let said = listener.said();
    assert!(said.contains(&beginning) && !said.contains('z'), "{said}");
}
