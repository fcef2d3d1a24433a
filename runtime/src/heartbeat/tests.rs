//! The heartbeat alone, without a body: as if the body blocked its thread.

mod decisions;
mod trouble;
mod unlocked;

use std::time::Duration;

use tokio::time::{advance, sleep};
use tracing::Level;

use super::*;
use crate::{
    cancel::CancelReason,
    checkpoint::{Checkpoint, Slot},
    lease::{
        Lease, Reply,
        scripted::{Line, ScriptedLease},
    },
    listener::Listener,
};

const SECOND: Duration = Duration::from_secs(1);

fn rhythm() -> Rhythm {
    Rhythm {
        is_declared: false,
        interval: 3 * SECOND,
        timeout: Some(9 * SECOND),
        started: Instant::now(),
        asks_first: false,
        deadline: None,
        hand_over: None,
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
        Measured::default(),
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

/// The distances between beats, in tenths of a second.
fn gaps(lease: &ScriptedLease) -> Vec<u128> {
    let times = lease.times();
    times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis() / 100).collect()
}

#[tokio::test(start_paused = true)]
async fn refused_beats_are_tried_again_soon_and_then_less_often() {
    let lease = Arc::new(ScriptedLease::new([], Line::Refusal));
    let (_heartbeat, ..) = start(&lease, Rhythm { timeout: None, ..rhythm() });
    sleep(60 * SECOND).await;
    let gaps = gaps(&lease);
    assert_eq!(&gaps[..4], [3, 6, 12, 24], "in tenths of a second");
    assert_eq!(gaps.last(), Some(&30), "never further apart than the interval");
}

#[tokio::test(start_paused = true)]
async fn beats_that_nobody_answers_do_not_wait_for_each_other() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (_heartbeat, _, cancellation) = start(&lease, rhythm());
    cancellation.given_up().await;
    assert_eq!(gaps(&lease), [15, 15, 10, 7, 7], "closer, until the lease is over");
}

#[tokio::test(start_paused = true)]
async fn a_beat_of_a_fast_server_that_nobody_answers_is_soon_followed() {
    let lease =
        Arc::new(ScriptedLease::new([Line::Late(SECOND / 100, Reply::GoOn)], Line::Silence));
    let (_heartbeat, _, cancellation) = start(&lease, rhythm());
    cancellation.given_up().await;
    let expected = [30, 7, 15, 12, 8, 7, 7];
    assert_eq!(gaps(&lease), expected, "a quarter of the interval, and a third of what is left");
}

#[tokio::test(start_paused = true)]
async fn a_server_slower_than_the_interval_is_slow_and_not_gone() {
    let lease = Arc::new(ScriptedLease::new([], Line::Late(5 * SECOND, Reply::GoOn)));
    let (_heartbeat, _, cancellation) = start(&lease, rhythm());
    sleep(600 * SECOND).await;
    assert_eq!(cancellation.reason(), None);
    // A third of those that come first are beside one that is not answered yet.
    assert!(lease.times().len() <= 205, "more than one an interval: {:?}", &lease.times()[..20]);
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_is_due_waits_where_others_have_found_the_server_slow() {
    let listener = Listener::at(Level::DEBUG);
    let lease = Arc::new(ScriptedLease::friendly());
    let (heartbeat, ..) = start(&lease, rhythm());
    sleep(4 * SECOND).await;
    lock(&heartbeat.pulse).peers().answered(SECOND, Instant::now());
    sleep(6 * SECOND).await;
    let gaps = gaps(&lease);
    // Two of them, a round trip and another try fit into 9 s.
    assert!(gaps.iter().all(|gap| (34..=41).contains(gap)), "put off when it was due: {gaps:?}");
    let said = listener.said();
    assert_eq!(said.matches("the server is under pressure").count(), 1, "{said}");
}

#[tokio::test(start_paused = true)]
async fn what_others_have_used_up_is_not_tried_beside_a_beat_but_its_turn_comes() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let (heartbeat, ..) = start(&lease, rhythm());
    let used = tokio::spawn({
        let pulse = Arc::clone(&heartbeat.pulse);
        async move {
            loop {
                lock(&pulse).peers().use_up(Instant::now());
                sleep(SECOND / 100).await;
            }
        }
    });
    sleep(SECOND * 15 / 2).await;
    assert_eq!(gaps(&lease), [30], "an interval apart");
    sleep(SECOND).await;
    assert_eq!(lease.times().len(), 3, "and once in the last eighth of its lease");
    used.abort();
}

#[tokio::test(start_paused = true)]
async fn the_engines_lane_carries_every_third_beat() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(9 * SECOND));
    let (_heartbeat, ..) = start(&lease, rhythm());
    sleep(91 * SECOND).await;
    let (beats, recorded) = (lease.times().len(), lease.recorded());
    assert_eq!((beats, recorded.len()), (20, 10));
    for pair in recorded.windows(2) {
        let gap = pair[1].saturating_sub(pair[0]);
        assert!(gap >= 8 * SECOND && gap <= 12 * SECOND, "{gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_engines_lane_carries_beats_of_an_attempt_with_a_deadline_too() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(9 * SECOND));
    let deadline = Some(Instant::now() + 600 * SECOND);
    let (_heartbeat, ..) = start(&lease, Rhythm { deadline, ..rhythm() });
    sleep(91 * SECOND).await;
    assert_eq!((lease.times().len(), lease.recorded().len()), (20, 10));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_to_the_engines_lane_while_beats_are_lost() {
    for trouble in [Line::Refusal, Line::Silence] {
        let script = [Line::Answer(Reply::GoOn)];
        let lease = Arc::new(ScriptedLease::new(script, trouble).with_engine(9 * SECOND));
        let (_heartbeat, _, cancellation) = start(&lease, rhythm());
        // It wants a report after 11 s; the lease is lost after 12.
        cancellation.given_up().await;
        assert!(lease.recorded().is_empty(), "{:?} beside {:?}", lease.recorded(), lease.times());
    }
}

#[tokio::test(start_paused = true)]
async fn reports_on_the_engines_lane_keep_their_distance_however_short_the_timeout() {
    for (timeout, beats) in (1..=9).flat_map(|timeout| [(timeout, 2), (timeout, 3)]) {
        let timeout = timeout * SECOND;
        let lease = Arc::new(ScriptedLease::friendly().with_engine(timeout));
        let rhythm = Rhythm { interval: timeout / beats, timeout: Some(timeout), ..rhythm() };
        let (_heartbeat, _, cancellation) = start(&lease, rhythm);
        sleep(60 * SECOND).await;
        assert_eq!(cancellation.reason(), None);
        // Its throttle, and half of its patience: a report may be unfinished until then.
        let shortest = timeout.mul_f64(0.8).max((timeout + 5 * SECOND) / 2);
        let recorded = lease.recorded();
        let gaps: Vec<_> =
            recorded.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        assert!(gaps.len() >= 3, "{timeout:?}, {beats} beats: {recorded:?}");
        assert!(gaps.iter().all(|gap| *gap > shortest), "{timeout:?}, {beats} beats: {gaps:?}");
        assert!(gaps.iter().all(|gap| *gap < timeout + 5 * SECOND), "{timeout:?}: {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interval_above_a_third_is_not_shared_with_the_engine() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(60 * SECOND));
    let rhythm =
        Rhythm { interval: 24 * SECOND, timeout: Some(60 * SECOND), grace: None, ..rhythm() };
    let (_heartbeat, _, cancellation) = start(&lease, rhythm);
    sleep(600 * SECOND).await;
    assert_eq!(cancellation.reason(), None);
    assert!(lease.times().windows(2).all(|pair| pair[1].saturating_sub(pair[0]) <= 25 * SECOND));
    let recorded = lease.recorded();
    assert!((9..=12).contains(&recorded.len()), "{recorded:?}");
    assert!(recorded[0] <= 65 * SECOND, "before the engine loses its patience");
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

#[tokio::test(start_paused = true)]
async fn a_beat_that_is_late_by_more_than_half_an_interval_is_said_to_be() {
    for (blocked, is_said) in [(SECOND, false), (5 * SECOND, true)] {
        let listener = Listener::at(Level::WARN);
        let (_heartbeat, ..) = start(&Arc::new(ScriptedLease::friendly()), rhythm());
        // Between two beats: the next one is due after 2 s.
        sleep(4 * SECOND).await;
        advance(blocked + SECOND).await;
        sleep(SECOND).await;
        let said = listener.said();
        assert_eq!(said.contains("the heartbeat is late"), is_said, "{blocked:?}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_makes_details_ready_is_not_said_to_be_late_at_last() {
    let listener = Listener::at(Level::WARN);
    let lease = Arc::new(ScriptedLease::friendly());
    let (heartbeat, slot, _) = start(&lease, Rhythm { timeout: None, ..rhythm() });
    let is_said = || listener.said().contains("the heartbeat is late");
    let due = Instant::now() + 3 * SECOND;
    let due = lock(&heartbeat.pulse).wake(Wake::Time, due, Moves::of(slot.as_ref()), due);
    lock(&heartbeat.pulse).notice_lateness_at_last(Instant::now() + 20 * SECOND);
    assert!(!is_said(), "it works on them");

    let newest = encode(slot.as_ref(), lease.as_ref());
    let now = Instant::now() + 3 * SECOND;
    assert_eq!(lock(&heartbeat.pulse).orders(due, &newest, now).len(), 1);
    lock(&heartbeat.pulse).notice_lateness_at_last(Instant::now() + 20 * SECOND);
    assert!(is_said(), "it could not run when the next one was due");
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_is_not_acknowledged_is_said_once_an_episode() {
    let listener = Listener::at(Level::WARN);
    let go_on = || Line::Answer(Reply::GoOn);
    let script = [Line::Refusal, go_on(), Line::Refusal, Line::Refusal, go_on()];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let (_heartbeat, ..) = start(&lease, rhythm());
    sleep(20 * SECOND).await;
    let said = listener.said();
    assert_eq!(said.matches("a heartbeat was not acknowledged").count(), 2, "{said}");
    assert_eq!(said.matches("error=refused").count(), 2, "{said}");
}

#[tokio::test(start_paused = true)]
async fn however_long_the_interval_half_of_the_beats_are_acknowledged() {
    let lease = Arc::new(ScriptedLease::friendly().with_engine(1_200 * SECOND));
    let rhythm =
        Rhythm { interval: 300 * SECOND, timeout: Some(1_200 * SECOND), grace: None, ..rhythm() };
    let (_heartbeat, _, cancellation) = start(&lease, rhythm);
    sleep(6_000 * SECOND).await;
    assert_eq!(cancellation.reason(), None);
    assert!(lease.times().len() >= 10, "{:?}", lease.times());
    assert!(lease.recorded().len() >= 5, "{:?}", lease.recorded());
}

/// Beats for a second at an interval of 50 ms, and counts how often the task went to sleep.
async fn sleeps_of_a_second(line: Line) -> (usize, usize) {
    let lease = Arc::new(ScriptedLease::new([], line).with_engine(SECOND));
    let interval = Duration::from_millis(50);
    let rhythm = Rhythm { interval, timeout: Some(SECOND), grace: None, ..rhythm() };
    let (_heartbeat, slot, cancellation) = start(&lease, rhythm);
    let checkpoint = Checkpoint::new(slot, cancellation);
    let committing = async {
        for value in 0.. {
            let _ = checkpoint.commit(value).await;
            sleep(interval / 3).await;
        }
    };
    let _ = tokio::time::timeout(SECOND.mul_f64(0.95), committing).await;
    (lease.sleeps(), lease.times().len() + lease.recorded().len())
}

/// Each request wakes it when it is due and when it lands; somebody who waits, once.
fn assert_few(sleeps: usize, requests: usize) {
    assert!(requests >= 3, "{requests} requests");
    assert!(sleeps <= 3 * requests + 4, "{sleeps} sleeps for {requests} requests");
}

#[tokio::test(start_paused = true)]
async fn it_wakes_a_few_times_a_beat() {
    for line in [Line::Answer(Reply::GoOn), Line::Refusal, Line::Silence] {
        let (sleeps, requests) = sleeps_of_a_second(line).await;
        assert_few(sleeps, requests);
    }
}

/// A paused clock moves only when everything sleeps, so it hides a task that never does.
#[tokio::test]
async fn it_wakes_a_few_times_a_beat_on_the_real_clock() {
    for line in [Line::Answer(Reply::GoOn), Line::Refusal, Line::Silence] {
        let (sleeps, requests) = sleeps_of_a_second(line).await;
        assert_few(sleeps, requests);
    }
}
