//! Whether a goal is met, and by how much it is not.

use autobeat_tests::compare::{
    blocked::Blocked,
    delays::Delays,
    goals::{self, Goal},
    many::Many,
    repeats::Repeats,
    requests::Requests,
    results::{Results, Section},
    spread::Spread,
    stage::Order,
    variant::Variant,
};

use crate::shown::section;

fn only(results: &Results) -> Goal {
    let mut goals = goals::of(results);
    assert_eq!(goals.len(), 1);
    goals.remove(0)
}

fn repeats(variant: Variant, repeated: &[f64]) -> Results {
    let repeated = Spread::of(repeated.iter().copied());
    let repeats = section(vec![Repeats { variant, timeout: 30, repeated }]);
    Results { repeats: Some(repeats), ..Results::default() }
}

#[test]
fn a_kill_may_repeat_an_interval_and_half_a_second() {
    assert_eq!(only(&repeats(Variant::EachSecond, &[0.1, 1.5])).missed, None);
    assert_eq!(only(&repeats(Variant::Default, &[10.5])).missed, None);
}

#[test]
fn what_is_repeated_past_that_is_told_by_how_much_and_how_often() {
    let goal = only(&repeats(Variant::EachSecond, &[0.1, 1.6, 2.25]));
    assert_eq!(goal.measured, "1 of 3 kills");
    assert_eq!(goal.missed.expect("missed").by, "0.75 s at most, 2 times");
}

#[test]
fn what_is_written_by_hand_has_no_goals() {
    let goal = only(&repeats(Variant::ByHand, &[24.0]));
    assert_eq!((goal.measured.as_str(), goal.missed), ("0 of 0 kills", None));
}

fn delays(variant: Variant, order: Order, delay: &[f64], untold: usize) -> Results {
    let delay = Spread::of(delay.iter().copied());
    let delays = section(vec![Delays { variant, timeout: 30, order, delay, untold }]);
    Results { delays: Some(delays), ..Results::default() }
}

#[test]
fn a_cancellation_may_take_an_interval_and_no_more() {
    let met = delays(Variant::EachSecond, Order::Cancel, &[0.0, 1.0], 0);
    assert_eq!(only(&met).missed, None);
    let late = delays(Variant::EachSecond, Order::Cancel, &[1.02], 0);
    assert_eq!(only(&late).missed.expect("missed").by, "0.02 s");
}

#[test]
fn a_cancellation_that_never_arrives_is_missed() {
    let lost = delays(Variant::Default, Order::Cancel, &[1.0], 1);
    let goal = only(&lost);
    assert_eq!(goal.measured, "1 of 2 cancellations");
    assert_eq!(goal.missed.expect("missed").by, "1 never told");
}

#[test]
fn requests_are_one_an_interval() {
    let of = |per_minute| {
        let per_minute = Spread::of([per_minute]);
        let row = Requests { variant: Variant::EachSecond, timeout: 2, is_busy: true, per_minute };
        only(&Results { requests: Some(section(vec![row])), ..Results::default() })
    };
    assert_eq!(of(62.9).missed, None);
    assert!(of(64.0).missed.is_some());
}

/// Processor seconds, KiB an activity, and how many were lost, in each of two runs.
fn many(variant: Variant, processor: f64, memory: f64, lost: f64) -> Many {
    let twice = |number| Spread::of([number, number]);
    Many {
        variant,
        lost: twice(lost),
        ramp: twice(10.0),
        at_once: twice(2_000.0),
        processor: twice(processor),
        memory: twice(memory),
        heartbeats: twice(8_000.0),
    }
}

fn goals_of_many(ours: Many) -> Vec<Goal> {
    let theirs = many(Variant::ByHand, 2.0, 5.0, 0.0);
    goals::of(&Results { many: Some(section(vec![theirs, ours])), ..Results::default() })
}

#[test]
fn many_at_once_are_none_lost_and_little_more_of_everything() {
    let goals = goals_of_many(many(Variant::Default, 2.6, 9.0, 0.0));
    assert_eq!(
        goals.iter().map(|goal| goal.missed.clone()).collect::<Vec<_>>(),
        [None, None, None]
    );
    assert_eq!(goals[1].measured, "1.30 times");
}

#[test]
fn many_at_once_that_cost_more_say_how_much_more() {
    let goals = goals_of_many(many(Variant::Default, 3.0, 10.5, 3.0));
    let by: Vec<String> = goals.into_iter().map(|goal| goal.missed.expect("missed").by).collect();
    assert_eq!(by, ["6", "0.20 times", "1.50 KiB"]);
}

#[test]
fn every_blocked_body_completes() {
    let of = |completed| {
        let row = Blocked { variant: Variant::Default, count: 5, completed };
        only(&Results { blocked: Some(section(vec![row])), ..Results::default() })
    };
    assert_eq!(of(5).missed, None);
    assert_eq!(of(4).measured, "4 of 5");
    assert!(of(4).missed.is_some());
}

#[test]
fn of_what_was_not_measured_there_are_no_goals() {
    assert_eq!(goals::of(&Results::default()), []);
    let empty: Section<Many> = section(Vec::new());
    assert_eq!(goals::of(&Results { many: Some(empty), ..Results::default() }), []);
}
