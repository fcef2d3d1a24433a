//! What a pulse decides at one moment, by all that it knows then.

use super::*;
use crate::lease::BeatError;

/// A pulse with the engine's lane, a second into its attempt.
async fn pulse(rhythm: Rhythm) -> (Pulse, Checkpoint<u64>) {
    let slot = Arc::new(Slot::new(None, Vec::new()));
    let lease = ScriptedLease::friendly().with_engine(9 * SECOND).hearing(0);
    let (lease, source) = (Arc::new(lease) as Arc<dyn Lease>, Arc::clone(&slot) as Arc<dyn Source>);
    let cancellation = Cancellation::new();
    let checkpoint = Checkpoint::new(slot, cancellation.clone());
    let pulse = Pulse::new(lease, source, cancellation, rhythm, Measured::default());
    advance(SECOND).await;
    (pulse, checkpoint)
}

/// Sends a beat without details; its number.
fn send(pulse: &mut Pulse) -> u64 {
    match pulse.beat(Ok(Details::default()), Instant::now()) {
        Order::Beat { number, .. } => number,
        Order::Record { .. } => panic!("not on the engine's lane"),
    }
}

/// Sends a beat that is answered after so long.
async fn send_and_land(pulse: &mut Pulse, after: Duration) {
    let number = send(pulse);
    advance(after).await;
    pulse.landed(number, Ok(Reply::GoOn), Instant::now());
}

/// The last beat was ours, so that the engine's lane may carry the one that is due now.
async fn before_a_shared_beat(round_trip: Duration) -> (Pulse, Checkpoint<u64>) {
    let (mut pulse, checkpoint) = pulse(rhythm()).await;
    advance(4 * SECOND).await;
    send_and_land(&mut pulse, round_trip).await;
    // Before the engine's lane insists on one.
    advance((SECOND * 11 / 2).saturating_sub(round_trip)).await;
    (pulse, checkpoint)
}

#[tokio::test(start_paused = true)]
async fn after_a_beat_that_the_engine_carries_the_next_one_is_due_an_interval_later() {
    let (mut pulse, _) = before_a_shared_beat(SECOND / 100).await;
    let now = Instant::now();
    let due = pulse.due(now);
    assert!(due.record && !due.beat);
    assert_eq!(pulse.next_beat, Some(now + 3 * SECOND));
    assert_eq!(pulse.last_beat, Some(now));
}

#[tokio::test(start_paused = true)]
async fn the_engine_carries_no_beat_where_a_try_after_it_would_come_too_late() {
    // Two intervals, and a try that takes a round trip and a quarter of one, in a timeout of three.
    for (round_trip, is_shared) in [(2_200, true), (2_300, false)] {
        let (mut pulse, _) = before_a_shared_beat(Duration::from_millis(round_trip)).await;
        assert_eq!(pulse.due(Instant::now()).record, is_shared, "{round_trip} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn the_engine_carries_no_beat_that_is_the_last_call() {
    let (mut pulse, _) = before_a_shared_beat(SECOND / 100).await;
    let now = Instant::now();
    pulse.last_call = Some(now);
    let due = pulse.due(now);
    assert!(due.beat && !due.record);
}

#[tokio::test(start_paused = true)]
async fn a_beat_on_its_way_is_no_trouble_until_it_is_late() {
    let (mut pulse, _) = pulse(rhythm()).await;
    send(&mut pulse);
    let sent = Instant::now();
    for (after, is_troubled) in [(0, false), (3_000, false), (3_001, true)] {
        let now = sent + Duration::from_millis(after);
        assert_eq!(pulse.is_troubled(now), is_troubled, "{after} ms");
        assert_eq!(pulse.record_at(now).is_none(), is_troubled, "{after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_beat_failed_waits_for_the_next_try() {
    let (mut pulse, checkpoint) = pulse(rhythm()).await;
    let commit = tokio::spawn(async move { checkpoint.commit(5).await });
    tokio::task::yield_now().await;
    let now = Instant::now();
    assert_eq!(pulse.beat_at(now), Some(now), "at once");
    let number = send(&mut pulse);
    pulse.landed(number, Err(BeatError::new("refused")), now);
    let next = pulse.next_beat;
    assert!(next > Some(now));
    assert_eq!(pulse.beat_at(now), next, "though somebody waits");
    commit.abort();
}

#[tokio::test(start_paused = true)]
async fn a_beat_refused_for_load_is_followed_about_a_quarter_of_an_interval_later() {
    let mut delays = Vec::new();
    for _ in 0..100 {
        let (mut pulse, _) = pulse(rhythm()).await;
        let number = send(&mut pulse);
        let now = Instant::now();
        pulse.landed(number, Err(BeatError::for_load("too much to do")), now);
        delays.push(pulse.next_beat.unwrap() - now);
    }
    let quarter = SECOND * 3 / 4;
    assert!(delays.iter().all(|delay| *delay >= quarter * 3 / 4 && *delay <= quarter * 5 / 4));
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(*most > *least + quarter / 10, "they do not come together: {least:?} to {most:?}");
}

#[tokio::test(start_paused = true)]
async fn a_beat_beside_another_is_tried_again_as_soon_as_others_leave_it_a_try() {
    let (mut pulse, _) = pulse(rhythm()).await;
    send(&mut pulse);
    let sent = Instant::now();
    advance(SECOND * 3 / 2).await;
    let now = Instant::now();
    pulse.peers().use_up(now);
    assert!(!pulse.due(now).beat);
    assert_eq!(pulse.next_beat, Some(now + SECOND * 3 / 4), "a quarter of an interval later");
    let soon = sent + SECOND * 5 / 2;
    pulse.next_beat = Some(soon);
    pulse.peers().use_up(soon);
    assert!(!pulse.due(soon).beat);
    assert_eq!(pulse.next_beat, Some(sent + 3 * SECOND), "its turn in any case");
}

#[tokio::test(start_paused = true)]
async fn a_pulse_that_is_stopped_or_whose_heartbeat_is_dropped_has_nothing_to_do() {
    let lease = Arc::new(ScriptedLease::friendly());
    let (heartbeat, ..) = start(&lease, rhythm());
    let pulse = Arc::clone(&heartbeat.pulse);
    assert!(lock(&pulse).next_wake(Instant::now()).is_some());
    drop(heartbeat);
    assert_eq!(lock(&pulse).next_wake(Instant::now()), None);

    let (heartbeat, ..) = start(&lease, rhythm());
    let stopped = heartbeat.stop().await;
    assert_eq!(stopped.lock().next_wake(Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn whether_an_answer_came_is_asked_before_the_lease_ends() {
    let (pulse, _) = pulse(rhythm()).await;
    let end = pulse.lease_end().unwrap();
    // After a second; or where that is too late for the question, which may take a quarter of an interval.
    for (left, due_after) in [(2_000, 1_000), (1_500, 750), (500, 0)] {
        let now = end.checked_sub(Duration::from_millis(left)).unwrap();
        let due = pulse.answer_is_due(now);
        assert_eq!(due, now + Duration::from_millis(due_after), "{left} ms are left");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_lost_is_said_louder_than_another_cancellation() {
    for (reason, level) in [(CancelReason::LeaseLost, "WARN"), (CancelReason::Requested, "INFO")] {
        let listener = Listener::at(Level::INFO);
        let pulse = Mutex::new(pulse(rhythm()).await.0);
        lock(&pulse).cancel(reason);
        let said = listener.said();
        assert!(said.contains(level) && said.contains(&format!("reason={reason:?}")), "{said}");
    }
}
