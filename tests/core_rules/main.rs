//! What the library relies on of the SDK's core, read off the core that runs: with the SDK alone, on the server
//! in the process. A rule that changed is named in one line.

mod bare;

use std::{ops::RangeInclusive, time::Duration};

use autobeat_tests::{
    core_rules::{LIMIT_OF_CALL, LONGEST_REPORT, PAST_TIMEOUT, patience, throttle},
    inprocess::{
        Moment,
        history::Rpc,
        network::{Hits, Loss, Network, Outage},
    },
};

use self::bare::{End, Script, Seen, perform, perform_and_shut_down};

const SECOND: Duration = Duration::from_secs(1);

/// What the machine's own clock, which the throttle looks at, adds to a paused one.
const PRECISION: Duration = Duration::from_millis(100);

#[track_caller]
fn check(rule: &str, expected: Duration, found: Option<Duration>) {
    let range: RangeInclusive<_> = expected.saturating_sub(PRECISION)..=expected + PRECISION;
    let is_so = found.is_some_and(|found| range.contains(&found));
    assert!(is_so, "the SDK's core changed: {rule}: {expected:?} before, {found:?} now");
}

/// Records a value a second, from its beginning on.
fn each_second(timeout: Duration) -> Seen {
    let script =
        Script { records: (0..150).map(|second| (second, second)).collect(), end: End::Never };
    perform(script, timeout, Network::default(), 200 * SECOND)
}

#[test]
fn the_first_report_is_sent_at_once() {
    let reports = each_second(10 * SECOND).calls(Rpc::Heartbeat);
    check("the first report is sent after", Duration::ZERO, reports.first().map(|report| report.0));
}

#[test]
fn the_next_one_is_held_back() {
    for timeout in [10 * SECOND, 50 * SECOND, 100 * SECOND] {
        let reports = each_second(timeout).calls(Rpc::Heartbeat);
        let apart = reports.get(1).map(|report| report.0.saturating_sub(reports[0].0));
        check(
            &format!("a report is held back, at a timeout of {timeout:?}, for"),
            throttle(timeout),
            apart,
        );
    }
}

#[test]
fn what_is_held_back_is_the_newest_of_then() {
    let reports = each_second(10 * SECOND).calls(Rpc::Heartbeat);
    let value = reports.get(1).and_then(|report| report.1);
    // The one of that second may come a moment before or after it.
    let is_newest = value.is_some_and(|value| (7..=8).contains(&value));
    assert!(
        is_newest,
        "the SDK's core changed: a report that was held back after 8 s carries {value:?}"
    );
}

#[test]
fn an_attempt_that_never_reports_is_given_up() {
    for timeout in [2 * SECOND, 10 * SECOND] {
        let script = Script { records: Vec::new(), end: End::Never };
        let seen = perform(script, timeout, Network::default(), 60 * SECOND);
        let rule = format!("an attempt is given up, at a timeout of {timeout:?}, after");
        check(&rule, patience(timeout), seen.told);
    }
}

#[test]
fn an_attempt_that_was_given_up_is_answered_no_more() {
    let timeout = 2 * SECOND;
    let end = End::Completes(timeout + PAST_TIMEOUT + SECOND);
    let seen =
        perform(Script { records: Vec::new(), end }, timeout, Network::default(), 60 * SECOND);
    let answers = seen.calls(Rpc::Complete);
    assert!(
        answers.is_empty(),
        "the SDK's core changed: a result is sent although it gave the attempt up"
    );
}

/// Every report of the first second is swallowed, so that it ends by its limit.
fn swallowed(timeout: Duration) -> Seen {
    let to = Moment::after(SECOND);
    let outage = Outage { from: Moment::BEGIN, to, loss: Loss::Swallowed, hits: Hits::Heartbeats };
    let network = Network { outages: vec![outage], ..Network::default() };
    perform(Script { records: vec![(0, 1)], end: End::Never }, timeout, network, 200 * SECOND)
}

#[test]
fn a_report_has_a_limit_whose_end_is_not_retried() {
    let seen = swallowed(60 * SECOND);
    check("the time limit of a report", LIMIT_OF_CALL, seen.limit_of_reports());
    let reports = seen.calls(Rpc::Heartbeat).len();
    assert_eq!(reports, 1, "the SDK's core changed: a report whose time is over is sent again");
}

#[test]
fn patience_counts_from_when_a_report_has_finished_badly_as_well() {
    let timeout = 60 * SECOND;
    let expected = LIMIT_OF_CALL + patience(timeout);
    check("an attempt whose report was lost is given up after", expected, swallowed(timeout).told);
}

#[test]
fn a_report_lives_no_longer_than_is_allowed_for() {
    let outage = Outage {
        from: Moment::BEGIN,
        to: Moment::after(200 * SECOND),
        loss: Loss::Refused,
        hits: Hits::Heartbeats,
    };
    let network = Network { outages: vec![outage], ..Network::default() };
    let script = Script { records: vec![(0, 1)], end: End::Never };
    let tries = perform(script, 100 * SECOND, network, 200 * SECOND).calls(Rpc::Heartbeat);
    let (first, last) = (tries.first().map(|call| call.0), tries.last().map(|call| call.0));
    let lived = last.zip(first).map(|(last, first)| last.saturating_sub(first));
    assert!(tries.len() > 1, "the SDK's core changed: a report that is refused is not sent again");
    let is_bound = lived.is_some_and(|lived| lived <= LONGEST_REPORT);
    assert!(is_bound, "the SDK's core changed: a report is tried for {lived:?}");
}

#[test]
fn a_failure_carries_what_was_recorded_last() {
    let script = Script { records: vec![(0, 1), (1, 2)], end: End::Fails(2 * SECOND) };
    let seen = perform(script, 10 * SECOND, Network::default(), 5 * SECOND);
    let carried = seen.calls(Rpc::Fail).first().and_then(|call| call.1);
    assert_eq!(carried, Some(2), "the SDK's core changed: what a failure carries");
}

#[test]
fn a_shutdown_is_told_after_the_grace_period() {
    let (grace, at) = (3 * SECOND, 2 * SECOND);
    let script = Script { records: vec![(0, 1)], end: End::Never };
    let seen = perform_and_shut_down(script, 60 * SECOND, grace, at);
    check("a shutdown is told after", at + grace, seen.told);
}
