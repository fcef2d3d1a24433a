//! What an attempt starts from, and what its first beats carry.

use super::*;

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
async fn bad_checkpoint_fails_and_says_what_was_found_but_to_those_who_debug() {
    let facts = Facts { details: vec![payload("line 5")], number: 3, ..facts() };
    let listener = Listener::at(Level::DEBUG);
    let result = attempt(OPTIONS, facts, &friendly(), async |_, _| Ok(())).await;
    assert_eq!(failure_type(&result), "BadCheckpoint");
    let message = message(&result);
    for part in ["attempt 3", "8 bytes", "`u64`", "it is kept", "debug level", "restart"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("line 5"), "past a codec that encrypts: {message}");
    assert!(listener.said().contains("line 5"), "{}", listener.said());
}

#[tokio::test(start_paused = true)]
async fn bad_checkpoint_is_tried_again_unless_it_is_to_fail_for_good_and_nothing_is_sent() {
    for (options, is_final) in [
        (OPTIONS, false),
        (OPTIONS.on_bad_checkpoint(OnBadCheckpoint::Retry), false),
        (OPTIONS.on_bad_checkpoint(OnBadCheckpoint::Fail), true),
    ] {
        let lease = friendly();
        let facts = Facts { details: vec![payload("line 5")], number: 3, ..facts() };
        let result = attempt(options, facts, &lease, async |_, _| Ok(())).await;
        let Err(ActivityError::Application(failure)) = &result else { panic!("{result:?}") };
        assert_eq!(failure.is_non_retryable(), is_final);
        assert_eq!(failure.next_retry_delay(), None, "its backoff is the policy's");
        assert!(lease.values().is_empty() && lease.left().is_none(), "the details stay");
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

/// A state that counts how often it is serialised.
#[derive(Clone, Default, serde::Deserialize)]
struct Counted;

static SERIALISED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

impl serde::Serialize for Counted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SERIALISED.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_unit()
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_is_serialised_once_a_beat() {
    let lease = friendly();
    let body = async |checkpoint: Checkpoint<Counted>, _| {
        checkpoint.save(Counted)?;
        sleep(60 * SECOND).await;
        Ok::<_, ActivityError>(())
    };
    let beaten = Arc::clone(&lease) as Arc<dyn Lease>;
    run(OPTIONS, Takes::NOTHING.checkpoint(), facts(), beaten, body).await.unwrap();
    assert_eq!(SERIALISED.load(Ordering::Relaxed), lease.times().len());
}
