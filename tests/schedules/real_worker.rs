//! The real worker on the server in the process.

use std::time::Duration;

use autobeat::{Cancelled, Checkpoint};
use autobeat_tests::inprocess::{
    Moment, Skew, World,
    activity::{Closed, Terms, Timeout},
    history::{Answer, Lane, Rpc, What},
    network::{Hits, Loss, Network, Outage},
    worker::{Life, live, options},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Count {
    value: u64,
}

/// Saves a number a second.
#[autobeat::activity(heartbeat_timeout = "9s", start_to_close_timeout = "1h")]
async fn count(checkpoint: Checkpoint<Count>, _token: u64) -> Result<u64, Cancelled> {
    let mut value = checkpoint.get().value;
    while value < 60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        value += 1;
        checkpoint.save(Count { value })?;
    }
    Ok(value)
}

fn world(network: Network) -> World {
    let terms = Terms {
        activity_type: "count".to_owned(),
        heartbeat_timeout: Some(Duration::from_secs(9)),
        ..Terms::default()
    };
    World::new(terms, network, Skew::Behind)
}

/// A worker that lives for some time; it shuts down where the activity is closed by then.
fn for_a_while(world: &World, limit: Duration) -> Life {
    live(world, options(count, None), async |control| {
        let closed = async {
            while world.closed().is_none() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(limit, closed).await.is_ok() {
            control.shut_down();
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
    })
}

fn calls(world: &World, wanted: Rpc, by: Lane) -> usize {
    let history = world.history();
    let calls = history.iter().filter(
        |event| matches!(&event.what, What::Called(call) if call.rpc == wanted && call.lane == by),
    );
    calls.count()
}

#[test]
fn both_lanes_of_a_healthy_attempt_reach_the_server() {
    let world = world(Network { latency: Duration::from_millis(5), ..Network::default() });
    let life = for_a_while(&world, Duration::from_secs(100));
    assert_eq!(world.closed(), Some(Closed::Completed));
    assert!(life.has_shut_down, "the worker ends by itself");
    let (ours, of_sdk) =
        (calls(&world, Rpc::Heartbeat, Lane::Ours), calls(&world, Rpc::Heartbeat, Lane::Sdk));
    assert!((13..=15).contains(&ours), "our lane, two of three: {ours}");
    assert!((6..=7).contains(&of_sdk), "the SDK's, every timeout: {of_sdk}");
    assert!(
        world.now() < Moment::after(Duration::from_secs(62)),
        "closed at once: {}",
        world.now()
    );
}

#[test]
fn a_crash_is_followed_by_a_timeout_and_an_attempt_that_goes_on() {
    let world = world(Network::default());
    for_a_while(&world, Duration::from_secs(20));
    assert_eq!(world.closed(), None);
    world.pass(Duration::from_secs(15));
    let timed_out = |event: &What| matches!(event, What::TimedOut(Timeout::Heartbeat, _));
    assert!(world.history().iter().any(|event| timed_out(&event.what)), "the server noticed");
    for_a_while(&world, Duration::from_secs(100));
    assert_eq!(world.closed(), Some(Closed::Completed));
    assert!(world.now() < Moment::after(Duration::from_secs(80)), "it went on: {}", world.now());
}

#[test]
fn a_call_that_is_swallowed_ends_with_its_time_limit() {
    let outage = Outage {
        from: Moment::after(Duration::from_secs(10)),
        to: Moment::after(Duration::from_secs(14)),
        loss: Loss::Swallowed,
        hits: Hits::Heartbeats,
    };
    let world = world(Network { outages: vec![outage], ..Network::default() });
    for_a_while(&world, Duration::from_secs(200));
    let is_over = |event: &What| matches!(event, What::Answered { answer: Answer::TimedOut, .. });
    let is_gone = |event: &What| matches!(event, What::Abandoned(_));
    let history = world.history();
    let over = history.iter().any(|event| is_over(&event.what) || is_gone(&event.what));
    assert!(over, "somebody waited in vain");
    assert_eq!(world.closed(), Some(Closed::Completed));
}

#[test]
fn what_comes_in_the_last_moment_of_a_time_limit_is_heard() {
    // The SDK polls for 70 s: the attempt is handed out after one half of that, and arrives after the other.
    let world = world(Network { latency: Duration::from_secs(35), ..Network::default() });
    for_a_while(&world, Duration::from_secs(75));
    let handed =
        |event: &What| matches!(event, What::Answered { answer: Answer::Task(Some(_)), .. });
    assert!(world.history().iter().any(|event| handed(&event.what)), "an attempt arrived");
    assert!(calls(&world, Rpc::Heartbeat, Lane::Ours) > 0, "it runs");
}
