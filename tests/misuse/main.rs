//! What a user can do that ends otherwise than it should; each test fails on what it was found in.

mod crowded_out;

use std::time::Duration;

use autobeat::{AutoHeartbeat, Cancellation, Checkpoint, Progress, activity, embedded::Embedded};
use autobeat_tests::inprocess::{
    Skew, World,
    activity::{Closed, Terms},
    history::{Order, What},
    network::Network,
    worker::{live, options},
};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityError, ActivityImplementer};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How the activity ends when these orders are given, each so many milliseconds after the one before.
fn ends(name: &str, it: impl ActivityImplementer, orders: &[(u64, Order)]) -> Option<Closed> {
    let heartbeat_timeout = Some(seconds(9));
    let activity_type = name.to_owned();
    let terms = Terms { activity_type, heartbeat_timeout, ..Terms::default() };
    let latency = Duration::from_millis(5);
    let world = World::new(terms, Network { latency, ..Network::default() }, Skew::Behind);
    live(&world, options(it, None), async |_| {
        for (after, order) in orders {
            sleep(Duration::from_millis(*after)).await;
            world.order(*order);
        }
        sleep(seconds(60)).await;
    });
    world.closed()
}

fn engine() -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path().join("progress.redb")).unwrap();
    (folder, engine)
}

/// Cleans up for a second after it was told.
#[activity(heartbeat_timeout = "9s")]
async fn clean_up(cancellation: Cancellation, _token: u64) -> Result<u64, ActivityError> {
    let cancelled = cancellation.cancelled().await;
    sleep(seconds(1)).await;
    Err(cancellation.check().err().unwrap_or(cancelled).into())
}

#[test]
fn a_cancel_during_the_clean_up_after_a_pause_is_a_cancellation() {
    // Told of the pause with the beat at about 3 s; the cancel comes before the next one.
    let orders = [(1_000, Order::Pause), (2_400, Order::Cancel)];
    assert_eq!(ends("clean_up", clean_up, &orders), Some(Closed::Cancelled));
}

#[test]
fn a_cancel_during_the_clean_up_after_a_reset_is_a_cancellation() {
    let orders = [(1_000, Order::Reset { heartbeats: false }), (2_400, Order::Cancel)];
    assert_eq!(ends("clean_up", clean_up, &orders), Some(Closed::Cancelled));
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "a destructor that panics");
    }
}

/// Is dropped at once after a cancellation, with a local whose destructor panics.
#[activity(heartbeat_timeout = "9s", cancel_grace = "0s")]
async fn hold(_token: u64) -> Result<u64, ActivityError> {
    let _held = PanicsWhenDropped;
    std::future::pending().await
}

#[test]
fn a_destructor_that_panics_in_a_cancellation_leaves_it_a_cancellation() {
    assert_eq!(ends("hold", hold, &[(1_000, Order::Cancel)]), Some(Closed::Cancelled));
}

/// Saves little, and shows people more than the server takes.
#[activity(heartbeat_timeout = "9s")]
async fn show_much(checkpoint: Checkpoint<u64>, _token: u64) -> Result<u64, ActivityError> {
    checkpoint.show_progress(|done| Progress::new(*done).message("m".repeat(3_000_000)));
    for second in 0..20 {
        sleep(seconds(1)).await;
        checkpoint.save(second)?;
    }
    Ok(1)
}

#[test]
fn progress_that_is_too_large_does_not_fail_the_work() {
    assert_eq!(ends("show_much", show_much, &[]), Some(Closed::Completed));
}

/// Its grace is the longest that can be declared.
#[activity(heartbeat_timeout = "9s", cancel_grace = "3650d", max_attempts = 1)]
async fn take_its_time(cancellation: Cancellation) -> Result<u64, ActivityError> {
    cancellation.cancelled().await;
    sleep(seconds(30)).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn the_longest_grace_does_not_end_the_heartbeat() {
    let (_folder, engine) = engine();
    let shutdown = CancellationToken::new();
    let soon = shutdown.clone();
    tokio::spawn(async move {
        sleep(seconds(5)).await;
        soon.cancel();
    });
    // It ends as `no heartbeat for 9s`.
    let ended = engine.run_until(take_its_time, "one", (), shutdown).await;
    assert_eq!(ended.map_err(|error| error.to_string()), Ok(1));
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Fragile(u64);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(self.0 == 0 || std::thread::panicking(), "a destructor that panics");
    }
}

/// Saves once a value whose destructor panics, and sleeps on.
#[activity(heartbeat_timeout = "9s", max_attempts = 1)]
async fn save_fragile(checkpoint: Checkpoint<Fragile>) -> Result<u64, ActivityError> {
    checkpoint.save(Fragile(1))?;
    sleep(seconds(40)).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn a_state_that_panics_when_dropped_does_not_end_the_heartbeat_without_a_word() {
    let (_folder, engine) = engine();
    let run = engine.run_until(save_fragile, "one", (), CancellationToken::new());
    let ended = run.await.map_err(|error| error.to_string());
    assert_ne!(ended, Err("no heartbeat for 9s".to_owned()), "the heartbeat's task is gone");
}

/// Counts to 40, a second each.
#[activity(heartbeat_timeout = "9s")]
async fn count_up(checkpoint: Checkpoint<u64>, _token: u64) -> Result<u64, ActivityError> {
    for second in checkpoint.get()..40 {
        sleep(seconds(1)).await;
        checkpoint.save(second + 1)?;
    }
    Ok(1)
}

#[test]
fn an_activity_of_ours_that_is_wrapped_once_more_completes_in_one_attempt() {
    let terms = Terms {
        activity_type: "count_up".to_owned(),
        heartbeat_timeout: Some(seconds(9)),
        ..Terms::default()
    };
    let network = Network { latency: Duration::from_millis(5), ..Network::default() };
    let world = World::new(terms, network, Skew::Behind);
    let wrapped = AutoHeartbeat::new(count_up).wrap(count_up);
    live(&world, options(wrapped, None), async |_| sleep(seconds(100)).await);
    let history = world.history();
    let starts = history.iter().filter(|event| matches!(event.what, What::Started { .. }));
    assert_eq!((starts.count(), world.closed()), (1, Some(Closed::Completed)));
}
