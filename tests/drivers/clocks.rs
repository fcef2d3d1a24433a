//! What the paused clock cannot show: the clocks of the runtime and of the SDK on a real one.

use std::time::Duration;

use autobeat::CancelReason;
use autobeat_tests::{
    drivers::{
        fake,
        real::{Played, Stage},
        schedules::{Named, deadline, give_up, lease, quiet, stall},
    },
    inprocess::{
        Moment,
        activity::Token,
        history::{Answer, Lane, Rpc, Said, What},
    },
};

use crate::compare::{compare, tell_played};

/// What a busy machine may add.
const LENIENCE: Duration = Duration::from_millis(500);

const TIMEOUT: Duration = Duration::from_secs(2);

/// Plays a schedule, which must show what it shows in the process.
async fn play(named: &Named) -> Option<Played> {
    let stage = Stage::open().await?;
    let schedule = named.schedule.clone();
    let expected = tokio::task::spawn_blocking(move || fake::expect(&schedule)).await.unwrap();
    match compare(&stage, &expected, named).await {
        Ok(played) => Some(played),
        Err(differs) => panic!("{}", differs.story),
    }
}

/// When something first happened.
fn first(played: &Played, wanted: impl Fn(&What) -> bool) -> Option<Moment> {
    played.history.iter().find(|event| wanted(&event.what)).map(|event| event.at)
}

fn said(wanted: Said) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::Body(Token(1), said) if *said == wanted)
}

fn second_start(what: &What) -> bool {
    matches!(what, What::Started { token: Token(2), .. })
}

fn count(played: &Played, lane: Lane, rpc: Rpc) -> usize {
    let is = |what: &What| matches!(what, What::Called(it) if it.lane == lane && it.rpc == rpc);
    played.history.iter().filter(|event| is(&event.what)).count()
}

/// When the last beat was sent that was acknowledged to the first attempt.
fn last_acknowledged(played: &Played) -> Moment {
    let heard = |wanted| {
        let is_heard = |what: &What| {
            matches!(
                what,
                What::Answered { call, answer: Answer::Recorded(_) } if *call == wanted
            )
        };
        played.history.iter().any(|event| is_heard(&event.what))
    };
    let sent = played.history.iter().filter_map(|event| match &event.what {
        What::Called(called) if called.token == Some(Token(1)) && heard(called.call) => {
            Some(event.at)
        }
        _ => None,
    });
    sent.max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_told_after_its_time() {
    let named = stall();
    let Some(played) = play(&named).await else { return };
    let told = first(&played, said(Said::Cancelled(CancelReason::Stalled)));
    let told = told.unwrap_or_else(|| panic!("{}", tell_played(&named, &played)));
    // Its age is known to within an interval.
    let earliest = Moment::after(Duration::from_secs(1));
    let latest = earliest + named.schedule.interval() + LENIENCE;
    assert!(earliest <= told && told <= latest, "told at {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_gone_before_its_lease_is() {
    let named = lease();
    let Some(played) = play(&named).await else { return };
    let dropped = first(&played, said(Said::Dropped)).expect("a body that is dropped");
    let end = last_acknowledged(&played) + TIMEOUT;
    assert!(dropped <= end + Duration::from_millis(100), "dropped at {dropped}, not by {end}");
    let next = first(&played, second_start).expect("another attempt");
    assert!(dropped < next, "dropped at {dropped}, and another attempt began at {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_gone_before_its_deadline_is() {
    let named = deadline();
    let Some(played) = play(&named).await else { return };
    let dropped = first(&played, said(Said::Dropped)).expect("a body that is dropped");
    let end = Moment::after(named.schedule.timeouts.start_to_close);
    assert!(dropped <= end + Duration::from_millis(100), "dropped at {dropped}, not by {end}");
    let next = first(&played, second_start).expect("another attempt");
    assert!(next <= end + named.schedule.retry.initial + 2 * LENIENCE, "it began at {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_arrives_although_the_sdk_gave_the_attempt_up() {
    let Some(played) = play(&give_up()).await else { return };
    assert!(count(&played, Lane::Sdk, Rpc::Heartbeat) > 0, "its lane was in use");
    assert_eq!(count(&played, Lane::Sdk, Rpc::Complete), 0, "it gave the attempt up");
    let completed = |what: &What| matches!(what, What::Called(it) if it.rpc == Rpc::Complete);
    let at = first(&played, completed).expect("a result");
    assert!(at <= Moment::after(Duration::from_secs(9)) + LENIENCE, "the result was sent at {at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_sleeps_between_its_beats() {
    let Some(played) = play(&quiet()).await else { return };
    let beats =
        count(&played, Lane::Ours, Rpc::Heartbeat) + count(&played, Lane::Sdk, Rpc::Heartbeat);
    let parks = played.parks.expect("a worker that shut down");
    eprintln!("twelve seconds: {beats} beats, {parks} times asleep");
    assert!((12..=20).contains(&beats), "{beats} beats, where 15 intervals passed");
    // The body alone wakes it 120 times.
    assert!(parks <= 1_000, "it woke {parks} times");
}
