//! The attempt as a handle and its end between two items, in the test kit.

use std::time::Duration;

use autobeat::{
    Attempt, CancelReason, Checkpoint, Progress, activity,
    testing::{Event, Handles, Trial},
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// Shows its progress, and completes with its key in its second attempt.
#[activity(heartbeat_timeout = "9s")]
async fn show_and_name(attempt: Attempt, blocks: u64) -> Result<String, ActivityError> {
    for done in 1..=blocks {
        sleep(SECOND).await;
        attempt.show(Progress::new(done).of(blocks));
    }
    if attempt.number() == 1 {
        return Err(std::io::Error::other(attempt.key().to_owned()).into());
    }
    Ok(attempt.key().to_owned())
}

#[test]
fn an_attempt_has_the_key_of_the_one_before_it_and_shows_its_progress() {
    let first = Trial::of(show_and_name, 5).run();
    let key = first.failure().unwrap().to_string();
    assert_eq!(first.progress().map(|shown| (shown.done, shown.total)), Some((5, Some(5))));
    assert_eq!(first.checkpoint::<u64>(), None, "progress is no checkpoint");
    let second = first.next().run();
    assert_eq!(second.output(), Some(&key));
    let other = Trial::of(show_and_name, 0).number(2).run();
    assert_ne!(other.output(), Some(&key), "another activity");
}

#[tokio::test(start_paused = true)]
async fn handles_have_an_attempt_and_what_is_shown() {
    let handles = Handles::<u64>::resumed_from(7);
    assert_eq!(handles.progress(), None);
    let key = show_and_name::call(handles.attempt(), 3).await.unwrap();
    assert_eq!(key, handles.attempt().key());
    assert_eq!(handles.progress().map(|shown| shown.done), Some(3));
    assert_eq!((handles.attempt().number(), Handles::<u64>::new().attempt().number()), (2, 1));
}

/// A second each, ten at a time.
#[activity(heartbeat_timeout = "9s", max_runtime = "9500ms")]
async fn count_in_turns(checkpoint: Checkpoint<u64>, end: u64) -> Result<u64, ActivityError> {
    for number in checkpoint.resume(0..end) {
        number?;
        sleep(SECOND).await;
    }
    Ok(end)
}

#[test]
fn an_attempt_hands_over_by_its_clock_and_where_a_test_says_so() {
    let first = Trial::of(count_in_turns, 25).run();
    assert_eq!(first.failure_type(), Some("HandOver"));
    assert_eq!((first.checkpoint(), first.took()), (Some(10_u64), 10 * SECOND));
    let second = first.next().at(IN_AN_ITEM, Event::Cancel(CancelReason::HandOver)).run();
    assert_eq!(
        (second.checkpoint(), second.took()),
        (Some(13_u64), 3 * SECOND),
        "no item is dropped"
    );
    let third = second.next().run();
    assert_eq!(third.checkpoint(), Some(23_u64));
    assert_eq!(third.next().run().output(), Some(&25));
}

const IN_AN_ITEM: Duration = Duration::from_millis(2_500);

#[tokio::test(start_paused = true)]
async fn handles_hand_over_where_the_body_asks() {
    let handles = Handles::<u64>::new();
    handles.cancel(CancelReason::HandOver);
    let result = count_in_turns::call(handles.checkpoint(), 5).await;
    assert!(result.is_err_and(|error| format!("{error:?}").contains("max_runtime")));
    assert_eq!(handles.saved(), [1], "its first item is done");
}
