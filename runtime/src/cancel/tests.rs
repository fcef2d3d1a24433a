//! The handle alone: which reason it tells, in which words, and when a body is given up.

use futures_util::FutureExt;
use tokio::time::{advance, sleep};

use super::{CancelReason::*, *};

const SECOND: Duration = Duration::from_secs(1);

/// What is told of two reasons, one after the other.
fn told_of(earlier: CancelReason, later: CancelReason) -> CancelReason {
    let cancellation = Cancellation::new();
    assert!(cancellation.cancel(earlier), "the first one is news");
    let is_news = cancellation.cancel(later);
    let told = cancellation.told().unwrap();
    assert_eq!(is_news, told != earlier, "{later} after {earlier}");
    told
}

#[test]
fn a_reason_is_replaced_only_by_one_that_says_more_about_how_to_answer() {
    for earlier in CancelReason::ALL {
        for later in CancelReason::ALL {
            let says_more = match later {
                // Another attempt may start: nothing but what must not be tried again is worse.
                LeaseLost | DeadlineExceeded => !matches!(
                    earlier,
                    LeaseLost | DeadlineExceeded | CheckpointTooLarge | CheckpointInvalid
                ),
                // The only one that may be answered as cancelled.
                Requested => {
                    matches!(earlier, Paused | Reset | WorkerShutdown | HandOver | Stalled)
                }
                // Of that one nothing that is on its way was told.
                _ => earlier == HandOver && later != HandOver,
            };
            let expected = if says_more { later } else { earlier };
            assert_eq!(told_of(earlier, later), expected, "{later} after {earlier}");
        }
    }
}

#[test]
fn each_reason_has_words_of_its_own() {
    let words: std::collections::HashSet<_> =
        CancelReason::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), CancelReason::ALL.len());
    let cancelled = Cancelled::new(Paused);
    assert_eq!(cancelled.to_string(), "cancelled: the activity was paused");
    let source = cancelled.source().expect("what tells it from other errors");
    assert_eq!(source.to_string(), "the activity was paused");
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_is_found_by_whoever_asks_between_two_items_alone() {
    let cancellation = Cancellation::new();
    cancellation.cancel(HandOver);
    assert_eq!(cancellation.check().unwrap_err().reason(), HandOver);
    assert!(cancellation.is_cancelled());
    assert_eq!(cancellation.cancelled_between_items().await.reason(), HandOver);
    cancellation.check_within_item().unwrap();
    cancellation.run_until_cancelled(sleep(SECOND)).await.unwrap();
    assert!(
        !cancellation.token().is_cancelled() && cancellation.cancelled().now_or_never().is_none()
    );

    cancellation.cancel(Paused);
    assert_eq!(cancellation.check_within_item().unwrap_err().reason(), Paused);
    assert_eq!(cancellation.cancelled().await.reason(), Paused);
}

#[test]
fn only_a_request_is_one() {
    for reason in CancelReason::ALL {
        assert_eq!(Cancelled::new(reason).is_requested(), reason == Requested, "{reason}");
    }
}

#[test]
fn the_server_is_told_the_first_words_as_long_as_their_reason_stands() {
    let cancellation = Cancellation::new();
    assert_eq!(cancellation.message(), "");
    assert!(cancellation.cancel_with(Stalled, "nothing moved".to_owned()));
    assert!(!cancellation.cancel_with(Stalled, "nothing moves".to_owned()));
    assert_eq!(cancellation.message(), "nothing moved");
    assert!(cancellation.cancel(LeaseLost));
    assert_eq!(cancellation.message(), LeaseLost.to_string());
}

#[test]
fn a_body_is_given_up_at_once_where_another_attempt_may_start_and_else_after_its_grace() {
    for reason in CancelReason::ALL {
        let cancellation = Cancellation::new();
        cancellation.cancel(reason);
        let leaves_no_grace = matches!(reason, LeaseLost | DeadlineExceeded);
        assert_eq!(cancellation.given_up().now_or_never().is_some(), leaves_no_grace, "{reason}");
        cancellation.give_up();
        assert!(cancellation.given_up().now_or_never().is_some(), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_by_the_clock_comes_at_its_moment_and_not_within_a_shield() {
    let cancellation = Cancellation::new();
    assert!(!cancellation.is_over_by_clock(), "without an end it is never over");
    cancellation.ends_at(Some(Instant::now() + 5 * SECOND));
    advance(Duration::from_nanos(4_999_999_999)).await;
    assert!(!cancellation.is_over_by_clock());
    advance(Duration::from_nanos(1)).await;
    assert!(cancellation.is_over_by_clock());
    let section = async { cancellation.is_over_by_clock() };
    assert!(!cancellation.shield(section).await);
    assert!(cancellation.is_over_by_clock());
    cancellation.ends_at(None);
    assert!(!cancellation.is_over_by_clock());
}

#[tokio::test(start_paused = true)]
async fn a_body_is_not_given_up_before_its_last_shield_is_gone() {
    let cancellation = Cancellation::new();
    let sections = async {
        tokio::join!(cancellation.shield(sleep(SECOND)), cancellation.shield(sleep(2 * SECOND)));
        std::future::pending::<()>().await;
    };
    let began = Instant::now();
    let given_up = async {
        sleep(SECOND / 2).await;
        cancellation.give_up();
        cancellation.given_up().await;
    };
    tokio::select! {
        () = sections => unreachable!("it never ends"),
        () = given_up => assert_eq!(began.elapsed(), 2 * SECOND),
    }
    // A dropped section holds nothing.
    assert!(cancellation.shield(sleep(SECOND)).now_or_never().is_none());
    assert!(cancellation.given_up().now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_handed_out_is_told_and_tells_nobody() {
    let cancellation = Cancellation::new();
    cancellation.token().cancel();
    assert!(!cancellation.is_cancelled() && !cancellation.token().is_cancelled());
    let token = cancellation.token();
    cancellation.cancel(Paused);
    assert!(token.is_cancelled() && cancellation.check().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_ready_wins_over_a_cancellation() {
    let cancellation = Cancellation::new();
    cancellation.cancel(Requested);
    assert_eq!(cancellation.run_until_cancelled(async { 7 }).await.unwrap(), 7);
    let waiting = cancellation.run_until_cancelled(sleep(SECOND));
    assert_eq!(waiting.await.unwrap_err().reason(), Requested);
}
