//! Schedules that once broke a rule, written out.

use std::time::Duration;

use autobeat_tests::{
    inprocess::{
        Moment,
        activity::Closed,
        history::{End, Fit, Lane, Said, What},
        network::{Fate, Hits, Loss, Outage},
    },
    schedules::{
        run::Ran,
        schedule::{Action, Plan, Schedule, WhenTold},
        search::check,
        story::tell,
        variants::Variant,
    },
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One variant whose first attempt does this, on a healthy network.
fn doing(variant: &str, actions: Vec<Action>) -> Schedule {
    let plan = Plan { actions, when_told: WhenTold::Stops };
    Schedule { plans: vec![plan], ..Schedule::healthy(Variant::named(variant)) }
}

fn sleeping(variant: &str, duration: Duration) -> Schedule {
    doing(variant, vec![Action::Sleep(duration)])
}

fn outage(from: u64, to: u64, loss: Loss, hits: Hits) -> Outage {
    Outage { from: Moment::after(seconds(from)), to: Moment::after(seconds(to)), loss, hits }
}

fn swallowed(lane: Lane, place: u32) -> (Lane, u32, Fate) {
    let latency = milliseconds(2);
    (lane, place, Fate { before: latency, after: latency, loss: Loss::Swallowed })
}

/// No rule is broken, and the one attempt that starts completes.
fn lives_on(schedule: &Schedule) -> Ran {
    let ran = check(schedule);
    let starts = ran.history.iter().filter(|event| matches!(event.what, What::Started { .. }));
    assert_eq!(starts.count(), 1, "{}", tell(schedule, &ran));
    assert_eq!(ran.closed, Some(Closed::Completed), "{}", tell(schedule, &ran));
    ran
}

/// When the body returned, and when the activity was over.
fn returned_and_over(ran: &Ran) -> (Moment, Moment) {
    let find = |wanted: fn(&What) -> bool| {
        let event = ran.history.iter().find(|event| wanted(&event.what)).expect("it happened");
        event.at
    };
    let returned = find(|what| matches!(what, What::Body(_, Said::Returned(End::Completes))));
    (returned, find(|what| matches!(what, What::Took { change: Some(_), .. })))
}

#[test]
fn the_lane_of_the_sdk_does_not_starve_in_an_outage() {
    let mut schedule = sleeping("minute", seconds(180));
    schedule.outages = vec![outage(50, 74, Loss::Refused, Hits::Everything)];
    lives_on(&schedule);
}

#[test]
fn an_interval_that_the_throttle_does_not_divide_costs_nothing() {
    lives_on(&sleeping("minute_at_24", seconds(180)));
}

#[test]
fn one_swallowed_report_of_the_sdk_costs_no_attempt() {
    let mut schedule = sleeping("nine", seconds(60));
    schedule.spots = vec![swallowed(Lane::Sdk, 1)];
    lives_on(&schedule);
}

#[test]
fn a_result_does_not_wait_for_a_swallowed_report_of_the_sdk() {
    let mut schedule = sleeping("nine", milliseconds(10_050));
    schedule.spots = vec![swallowed(Lane::Sdk, 1)];
    let (returned, over) = returned_and_over(&lives_on(&schedule));
    assert!(over.since(returned) <= seconds(3), "returned at {returned}, over at {over}");
}

#[test]
fn a_swallowed_result_is_answered_again() {
    // One that has beaten: a shorter one is left to the SDK, and costs no request.
    let mut schedule = sleeping("nine", seconds(4));
    schedule.spots = vec![swallowed(Lane::Sdk, 1)];
    let (returned, over) = returned_and_over(&lives_on(&schedule));
    assert!(over.since(returned) < seconds(3), "returned at {returned}, over at {over}");
}

#[test]
fn what_was_committed_outlives_a_value_that_cannot_be_sent() {
    for fit in [Fit::Unserialisable, Fit::TooLarge] {
        for end in [End::Fails, End::Panics] {
            for pause in [milliseconds(1), seconds(4)] {
                let actions = vec![
                    Action::Save(Fit::Fits),
                    Action::Sleep(seconds(10)),
                    Action::Commit,
                    Action::Save(fit),
                    Action::Sleep(pause),
                    Action::Return(end),
                ];
                check(&doing("nine", actions));
            }
        }
    }
}

#[test]
fn a_server_that_is_slower_than_the_interval_is_not_gone() {
    let mut schedule = sleeping("thirty_quickly", seconds(120));
    schedule.latency = milliseconds(60);
    lives_on(&schedule);
}

#[test]
fn a_namespace_out_of_its_quota_costs_no_attempt() {
    let mut schedule = sleeping("nine", seconds(60));
    schedule.outages = vec![outage(0, 100_000, Loss::Exhausted, Hits::Namespace)];
    lives_on(&schedule);
}

#[test]
fn a_value_that_is_too_large_makes_no_loop() {
    let actions = vec![
        Action::Commit,
        Action::Sleep(seconds(3)),
        Action::Save(Fit::TooLarge),
        Action::Sleep(seconds(19)),
    ];
    let mut schedule = doing("thirty_quickly", actions);
    schedule.timeouts.heartbeat = milliseconds(7_500);
    schedule.plans[0].when_told = WhenTold::GoesOn;
    check(&schedule);
}

#[test]
fn a_result_is_asked_about_before_its_lease_ends() {
    // The report that is lost stands for the beat before the end: little of the lease is left then.
    for end in (2_700..3_400).step_by(50) {
        let mut schedule = sleeping("second", milliseconds(end));
        schedule.latency = milliseconds(11);
        schedule.spots = vec![swallowed(Lane::Sdk, 1)];
        check(&schedule);
    }
}

#[test]
fn one_slow_beat_does_not_hold_an_answer_up() {
    let mut schedule = sleeping("nine", milliseconds(12_500));
    let slow = Fate { before: milliseconds(2), after: milliseconds(2_800), loss: Loss::Nothing };
    schedule.spots = vec![(Lane::Ours, 2, slow), swallowed(Lane::Sdk, 1)];
    let (returned, over) = returned_and_over(&lives_on(&schedule));
    assert!(over.since(returned) <= seconds(4), "returned at {returned}, over at {over}");
}

#[test]
fn a_slow_network_still_learns_how_large_details_may_be() {
    let actions =
        vec![Action::Sleep(seconds(400)), Action::Save(Fit::TooLarge), Action::Sleep(seconds(60))];
    let mut schedule = doing("ten_minutes", actions);
    schedule.latency = seconds(6);
    check(&schedule);
}

#[test]
fn a_value_that_is_too_large_costs_no_lease_where_the_interval_is_long() {
    let mut schedule = doing(
        "ten_at_half",
        vec![Action::Commit, Action::Save(Fit::TooLarge), Action::Sleep(seconds(14))],
    );
    schedule.plans[0].when_told = WhenTold::CleansUpFor(seconds(6));
    let ran = check(&schedule);
    assert!(ran.closed.is_some(), "{}", tell(&schedule, &ran));
}
