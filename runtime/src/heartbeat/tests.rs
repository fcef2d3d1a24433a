//! The heartbeat alone, without a body: as if the body blocked its thread.

use std::time::Duration;

use tokio::time::{advance, sleep};
use tracing::Level;

use super::*;
use crate::{
    cancel::CancelReason,
    checkpoint::Slot,
    lease::{
        Lease, Reply,
        scripted::{Line, ScriptedLease},
    },
    listener::Listener,
};

const SECOND: Duration = Duration::from_secs(1);

fn rhythm() -> Rhythm {
    Rhythm {
        interval: 3 * SECOND,
        timeout: Some(9 * SECOND),
        started: Instant::now(),
        deadline: None,
        stall_timeout: None,
        grace: Some(10 * SECOND),
        told_by_engine: false,
    }
}

fn start(lease: &Arc<ScriptedLease>, rhythm: Rhythm) -> (Heartbeat, Arc<Slot<u64>>, Cancellation) {
    let slot = Arc::new(Slot::new(None, Vec::new()));
    let cancellation = Cancellation::new();
    let heartbeat = Heartbeat::start(
        Arc::clone(lease) as Arc<dyn Lease>,
        Arc::clone(&slot) as Arc<dyn Source>,
        cancellation.clone(),
        rhythm,
    );
    (heartbeat, slot, cancellation)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_the_grace_though_the_body_goes_on() {
    let stop = Line::Answer(Reply::Stop(CancelReason::Requested));
    let lease = Arc::new(ScriptedLease::new([], stop));
    let (_heartbeat, _, cancellation) = start(&lease, rhythm());
    cancellation.given_up().await;
    let beats = lease.times().len();
    assert!(beats >= 4, "and within the grace it went on: {beats}");
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), beats);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_server_that_knows_the_attempt_no_more() {
    let lease = Arc::new(ScriptedLease::stopping(CancelReason::NotFound));
    let (_heartbeat, _, cancellation) = start(&lease, Rhythm { grace: None, ..rhythm() });
    cancellation.given_up().await;
    assert_eq!(lease.times().len(), 1);
    assert_eq!(cancellation.reason(), Some(CancelReason::LeaseLost), "its lease ran out");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_heartbeat_is_silent_at_once() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (heartbeat, ..) = start(&lease, rhythm());
    sleep(4 * SECOND).await; // within the first beat, which nobody answers
    let asked = Instant::now();
    let _stopped = heartbeat.stop().await;
    assert_eq!(asked.elapsed(), Duration::ZERO, "the unanswered beat is not waited for");
    let beats = lease.times().len();
    sleep(60 * SECOND).await;
    assert_eq!(lease.times().len(), beats);
}

#[tokio::test(start_paused = true)]
async fn failed_beats_are_tried_again_soon_and_then_less_often() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (_heartbeat, ..) = start(&lease, Rhythm { timeout: None, ..rhythm() });
    sleep(60 * SECOND).await;
    // Each takes its limit of 3 s and then waits 0.3 s, 0.6 s, 1.2 s … up to the interval.
    let times = lease.times();
    let gaps: Vec<_> =
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis() / 100).collect();
    assert_eq!(&gaps[..3], [33, 36, 42], "in tenths of a second");
    assert_eq!(gaps.last(), Some(&60));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_runtime_is_said_once_an_episode_with_its_lateness() {
    let listener = Listener::at(Level::WARN);
    let lease = Arc::new(ScriptedLease::friendly());
    let (_heartbeat, ..) = start(&lease, Rhythm { timeout: None, ..rhythm() });
    let lateness = || listener.said().matches("the heartbeat is late").count();
    sleep(10 * SECOND).await;
    assert_eq!(lateness(), 0);

    // As a runtime that is blocked without an end, but for a moment now and then.
    for _ in 0..3 {
        advance(20 * SECOND).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(lateness(), 1);
    assert!(listener.said().contains("lateness=1"), "{}", listener.said());
    sleep(10 * SECOND).await;
    advance(20 * SECOND).await;
    tokio::task::yield_now().await;
    assert_eq!(lateness(), 2, "after beats in time it is another episode");
}
