//! The rules of the server in the process, one by one.

use std::time::Duration;

use autobeat_tests::inprocess::{
    Moment,
    activity::{
        Activity, Change, Closed, Failure, Flags, Refusal, ResetRule, Retry, Terms, Timeout, Token,
    },
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u32) -> Moment {
    Moment::after(SECOND * seconds)
}

fn terms() -> Terms {
    Terms {
        heartbeat_timeout: Some(SECOND * 10),
        start_to_close: SECOND * 100,
        retry: Retry { initial: SECOND, coefficient: 2.0, maximum: SECOND * 5, attempts: 0 },
        details_limit: 100,
        ..Terms::default()
    }
}

fn started(terms: Terms) -> (Activity, Token) {
    let mut activity = Activity::new(terms, Moment::BEGIN);
    let token = activity.start(Moment::BEGIN).expect("an attempt").token;
    (activity, token)
}

fn details(text: &str) -> Vec<Payload> {
    vec![Payload { data: text.as_bytes().to_vec(), ..Default::default() }]
}

fn stored(activity: &Activity) -> Option<&[u8]> {
    Some(activity.details()?.first()?.data.as_slice())
}

#[test]
fn the_latest_details_win_and_none_erase_them() {
    let (mut activity, token) = started(terms());
    activity.heartbeat(token, Some(details("a")), 1, at(1)).expect("known");
    activity.heartbeat(token, Some(details("b")), 1, at(2)).expect("known");
    assert_eq!(stored(&activity), Some(&b"b"[..]));
    activity.heartbeat(token, None, 0, at(3)).expect("known");
    assert_eq!(stored(&activity), None);
}

#[test]
fn a_failures_details_win_and_without_them_the_stored_ones_stay() {
    let (mut activity, token) = started(terms());
    activity.heartbeat(token, Some(details("new")), 1, at(1)).expect("known");
    let old = Failure { details: Some(details("old")), ..Failure::default() };
    activity.fail(token, old, at(2)).expect("known");
    assert_eq!(stored(&activity), Some(&b"old"[..]));
    let next = activity.start(at(3)).expect("an attempt");
    assert_eq!(next.details, Some(details("old")));
    activity.fail(next.token, Failure::default(), at(4)).expect("known");
    assert_eq!(stored(&activity), Some(&b"old"[..]));
}

#[test]
fn a_token_goes_stale_with_its_attempt() {
    let (mut activity, token) = started(terms());
    let change = activity.fail(token, Failure::default(), at(1)).expect("known");
    assert_eq!(change, Change::Retried { number: 2, due: at(2) });
    assert_eq!(activity.heartbeat(token, None, 0, at(1)), Err(Refusal::NotFound));
    assert_eq!(activity.complete(token), Err(Refusal::NotFound));
    assert!(activity.start(at(1)).is_none(), "not before its backoff");
    let next = activity.start(at(2)).expect("an attempt");
    assert_eq!((next.number, activity.known()), (2, Some(next.token)));
    assert_eq!(activity.complete(token), Err(Refusal::NotFound));
    assert_eq!(activity.complete(next.token), Ok(Change::Closed(Closed::Completed)));
    assert_eq!(activity.complete(next.token), Err(Refusal::NotFound));
}

#[test]
fn the_heartbeat_timer_counts_from_what_was_heard_last() {
    let (mut activity, token) = started(terms());
    assert_eq!(activity.timer(), Some((at(10), Timeout::Heartbeat)));
    activity.heartbeat(token, Some(details("kept")), 1, at(4)).expect("known");
    assert_eq!(activity.timer(), Some((at(14), Timeout::Heartbeat)));
    let change = activity.time_out(Timeout::Heartbeat, at(14));
    assert_eq!(change, Change::Retried { number: 2, due: at(15) });
    assert_eq!(stored(&activity), Some(&b"kept"[..]), "a timeout keeps what was stored");
}

#[test]
fn a_timeout_above_one_that_contains_it_is_clamped() {
    let whole = Terms {
        heartbeat_timeout: Some(SECOND * 60),
        start_to_close: SECOND * 50,
        schedule_to_close: Some(SECOND * 40),
        schedule_to_start: Some(SECOND * 45),
        ..terms()
    };
    let clamped = whole.clamped();
    assert_eq!(clamped.start_to_close, SECOND * 40);
    assert_eq!(clamped.heartbeat_timeout, Some(SECOND * 40));
    assert_eq!(clamped.schedule_to_start, Some(SECOND * 40));
}

#[test]
fn the_other_three_timeouts() {
    let whole = Terms {
        schedule_to_start: Some(SECOND * 3),
        schedule_to_close: Some(SECOND * 60),
        start_to_close: SECOND * 5,
        ..terms()
    };
    let mut activity = Activity::new(whole, Moment::BEGIN);
    assert_eq!(activity.timer(), Some((at(3), Timeout::ScheduleToStart)));
    activity.start(at(1)).expect("an attempt");
    assert_eq!(activity.timer(), Some((at(6), Timeout::StartToClose)));
    let change = activity.time_out(Timeout::StartToClose, at(6));
    assert_eq!(change, Change::Retried { number: 2, due: at(7) });
    assert_eq!(activity.timer(), Some((at(10), Timeout::ScheduleToStart)), "from when it was due");
    let change = activity.time_out(Timeout::ScheduleToStart, at(10));
    assert_eq!(change, Change::Closed(Closed::TimedOut(Timeout::ScheduleToStart)));
    assert_eq!(activity.timer(), None);
}

#[test]
fn no_attempt_starts_after_the_whole_is_over() {
    let whole = Terms { schedule_to_close: Some(SECOND * 8), ..terms() };
    let (mut activity, token) = started(whole);
    assert_eq!(activity.timer(), Some((at(8), Timeout::ScheduleToClose)));
    let change = activity.fail(token, Failure::default(), at(7));
    assert_eq!(change, Ok(Change::Retried { number: 2, due: at(8) }));
    let (mut activity, token) = started(Terms { schedule_to_close: Some(SECOND * 8), ..terms() });
    let late = Moment::after(Duration::from_millis(7001));
    assert_eq!(activity.fail(token, Failure::default(), late), Ok(Change::Closed(Closed::Failed)));
}

#[test]
fn retries_wait_longer_each_time_and_end() {
    let policy = Retry { initial: SECOND, coefficient: 2.0, maximum: SECOND * 5, attempts: 5 };
    let delays: Vec<_> = (1..=5).map(|number| policy.delay_after(number)).collect();
    assert_eq!(delays, [Some(SECOND), Some(SECOND * 2), Some(SECOND * 4), Some(SECOND * 5), None]);
    assert_eq!(Retry { attempts: 0, ..policy }.delay_after(u32::MAX), Some(SECOND * 5));
}

#[test]
fn a_failure_may_choose_its_delay_or_be_the_last() {
    let (mut activity, token) = started(terms());
    let soon = Failure { next_retry_delay: Some(SECOND / 100), ..Failure::default() };
    let due = at(1) + SECOND / 100;
    assert_eq!(activity.fail(token, soon, at(1)), Ok(Change::Retried { number: 2, due }));
    let token = activity.start(at(2)).expect("an attempt").token;
    let last = Failure { non_retryable: true, ..Failure::default() };
    assert_eq!(activity.fail(token, last, at(3)), Ok(Change::Closed(Closed::Failed)));
}

#[test]
fn a_cancellation_is_answered_only_where_one_was_requested() {
    let (mut activity, token) = started(terms());
    assert_eq!(activity.cancelled(token), Err(Refusal::NotRequested));
    assert_eq!(activity.request_cancel(), None);
    let flags = activity.heartbeat(token, None, 0, at(1)).expect("known");
    assert_eq!(flags, Flags { cancel_requested: true, ..Flags::default() });
    assert_eq!(activity.cancelled(token), Ok(Change::Closed(Closed::Cancelled)));
}

#[test]
fn a_failure_after_a_request_to_cancel_is_the_end() {
    let (mut activity, token) = started(terms());
    activity.request_cancel();
    let change = activity.fail(token, Failure::default(), at(1));
    assert_eq!(change, Ok(Change::Closed(Closed::Failed)));
    let mut waiting = Activity::new(terms(), Moment::BEGIN);
    assert_eq!(waiting.request_cancel(), Some(Change::Closed(Closed::Cancelled)));
}

#[test]
fn a_pause_holds_the_next_attempt() {
    let (mut activity, token) = started(terms());
    activity.pause();
    assert!(activity.heartbeat(token, None, 0, at(1)).expect("known").paused);
    activity.fail(token, Failure::default(), at(2)).expect("known");
    assert!(activity.start(at(50)).is_none());
    assert_eq!(activity.timer(), None, "nothing is waited for");
    activity.unpause(at(60));
    assert_eq!(activity.start(at(60)).map(|started| started.number), Some(2));
}

#[test]
fn a_reset_begins_with_number_one() {
    let (mut activity, token) = started(terms());
    activity.fail(token, Failure::default(), at(1)).expect("known");
    let token = activity.start(at(2)).expect("an attempt").token;
    activity.heartbeat(token, Some(details("a")), 1, at(3)).expect("known");
    activity.reset(false, at(3));
    assert!(activity.heartbeat(token, Some(details("b")), 1, at(4)).expect("known").reset);
    let change = activity.fail(token, Failure::default(), at(5));
    assert_eq!(change, Ok(Change::Retried { number: 1, due: at(5) }), "at once");
    let token = activity.start(at(5)).expect("an attempt").token;
    assert!(!activity.heartbeat(token, Some(details("c")), 1, at(6)).expect("known").reset);
    activity.reset(true, at(7));
    activity.fail(token, Failure::default(), at(8)).expect("known");
    assert_eq!(stored(&activity), None, "heartbeats were reset");
}

#[test]
fn a_server_that_forgets_a_reset_attempt_waits_for_its_timeout() {
    let forgetful = Terms { reset: ResetRule::Forgotten, ..terms() };
    let (mut activity, token) = started(forgetful);
    activity.reset(false, at(1));
    assert!(activity.heartbeat(token, None, 0, at(1)).expect("a first attempt is known").reset);
    let change = activity.fail(token, Failure::default(), at(1));
    assert_eq!(change, Ok(Change::Retried { number: 2, due: at(2) }), "after the first delay");
    let token = activity.start(at(2)).expect("an attempt").token;
    activity.reset(false, at(3));
    assert_eq!(activity.heartbeat(token, None, 0, at(4)), Err(Refusal::NotFound));
    assert_eq!(activity.timer(), Some((at(12), Timeout::Heartbeat)));
    let change = activity.time_out(Timeout::Heartbeat, at(12));
    assert_eq!(change, Change::Retried { number: 2, due: at(13) });
}

#[test]
fn a_server_that_forgets_a_reset_attempt_keeps_a_pause_and_the_heartbeats_for_its_end() {
    let forgetful = Terms { reset: ResetRule::Forgotten, ..terms() };
    let (mut activity, token) = started(forgetful);
    activity.pause();
    activity.reset(true, at(1));
    let flags = activity.heartbeat(token, Some(details("late")), 1, at(2)).expect("known");
    assert!(flags.paused && flags.reset);
    activity.fail(token, Failure::default(), at(3)).expect("known");
    assert!(activity.start(at(50)).is_none(), "it is paused");
    assert_eq!(stored(&activity), Some(&b"late"[..]));
    activity.unpause(at(60));
    assert_eq!(stored(&activity), None, "heartbeats were reset");
    assert_eq!(activity.start(at(60)).map(|started| started.number), Some(2));
}

#[test]
fn after_a_reset_a_token_speaks_for_an_attempt_of_the_same_number() {
    let forgetful = Terms { reset: ResetRule::Forgotten, ..terms() };
    let (mut activity, token) = started(forgetful);
    activity.fail(token, Failure::default(), at(1)).expect("known");
    assert_eq!(activity.heartbeat(token, None, 0, at(1)), Err(Refusal::NotFound));
    activity.reset(false, at(1));
    assert_eq!(activity.heartbeat(token, None, 0, at(1)), Err(Refusal::NotFound), "none runs");
    let next = activity.start(at(1)).expect("an attempt");
    assert_eq!(next.number, 1);
    activity.heartbeat(next.token, Some(details("new")), 1, at(2)).expect("known");
    activity.heartbeat(token, Some(details("old")), 1, at(2)).expect("of the same number");
    assert_eq!(stored(&activity), Some(&b"old"[..]));
    assert_eq!(activity.complete(token), Ok(Change::Closed(Closed::Completed)));
}

#[test]
fn a_pause_holds_an_attempt_beyond_the_last() {
    let once = Retry { attempts: 1, ..terms().retry };
    let (mut activity, token) = started(Terms { retry: once, ..terms() });
    activity.pause();
    let change = activity.fail(token, Failure::default(), at(1));
    assert_eq!(change, Ok(Change::Retried { number: 2, due: at(1) }));
    activity.unpause(at(2));
    let token = activity.start(at(2)).expect("an attempt").token;
    let change = activity.fail(token, Failure::default(), at(3));
    assert_eq!(change, Ok(Change::Closed(Closed::Failed)));
}

#[test]
fn nothing_is_found_after_a_termination() {
    let (mut activity, token) = started(terms());
    assert_eq!(activity.terminate(), Some(Change::Closed(Closed::Terminated)));
    assert_eq!(activity.heartbeat(token, None, 0, at(1)), Err(Refusal::NotFound));
    assert_eq!(activity.cancelled(token), Err(Refusal::NotFound));
    assert_eq!(activity.terminate(), None);
}

#[test]
fn details_that_are_too_large_fail_the_activity_for_good() {
    let (mut activity, token) = started(terms());
    activity.heartbeat(token, Some(details("good")), 100, at(1)).expect("known");
    let flags = activity.heartbeat(token, Some(details("large")), 101, at(2)).expect("known");
    assert!(flags.cancel_requested);
    assert_eq!(activity.closed(), Some(Closed::Failed));
    assert_eq!(stored(&activity), Some(&b"good"[..]));
}
