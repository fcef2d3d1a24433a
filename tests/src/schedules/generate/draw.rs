//! What is drawn how often.

use proptest::{
    bool,
    collection::vec,
    option,
    prelude::{Just, Strategy},
    prop_oneof, sample,
};

use super::draft::{Draft, DraftAction, DraftCommand, DraftFate, DraftWhenTold, Latency, Span};
use crate::{
    inprocess::{
        history::{End, Fit, Lane, Order},
        network::{Hits, Loss},
    },
    schedules::{
        schedule::{Action, WhenTold},
        variants::{VARIANTS, Variant},
    },
};

/// All schedules, each as often as it is worth.
pub(super) fn drafts() -> impl Strategy<Value = Draft> {
    let any = (activities(), networks(), plans(), commands()).prop_map(
        |(activity, network, plans, orders)| {
            let (latency, outages, spots) = network;
            let (commands, grace) = orders;
            Draft { latency, outages, spots, plans, commands, grace, ..activity }
        },
    );
    prop_oneof![80 => any, 2 => overtaken(), 1 => spoken_for(), 2 => settling()]
}

/// A commit while something older is on its way, which lands as late as it may: a report of the SDK
/// within the settling time, a beat of ours within that time after it was abandoned for the commit's.
fn settling() -> impl Strategy<Value = Draft> {
    let report = (Just((Lane::Sdk, 1)), 960_u32..1_030, 1_u32..8);
    let beat = (Just((Lane::Ours, 2)), 600_u32..700, 9_u32..19);
    let slow = (2_u32..25).prop_map(|latency| (Latency::Slow(latency), latency));
    // The least settling time is about a hundredth of the usual timeouts.
    let quick = (0_u64..10).prop_map(|latency| (Latency::Milliseconds(latency), 1));
    let latency = prop_oneof![2 => slow, 1 => quick];
    (activities(), prop_oneof![report, beat], latency).prop_map(
        |(activity, ((lane, place), commit, latencies), (latency, span))| {
            let late = DraftFate { before: span * latencies, after: span, loss: Loss::Nothing };
            let actions = vec![
                DraftAction::SaveInALoop(10, commit / 10),
                DraftAction::Plain(Action::Commit),
                DraftAction::Sleep(2_000),
            ];
            Draft {
                latency,
                spots: vec![(lane, place, late)],
                plans: vec![(actions, DraftWhenTold::Plain(WhenTold::Stops))],
                ..activity
            }
        },
    )
}

/// A commit that a late report of the SDK overtakes, and a crash before the next beat heals it: each
/// of it is drawn seldom, and all of it together never.
fn overtaken() -> impl Strategy<Value = Draft> {
    (activities(), 120_u32..250, 1_020_u32..1_150, 20_u32..200).prop_map(
        |(activity, delay, commit, crash)| {
            let late = DraftFate { before: delay, after: 0, loss: Loss::Nothing };
            let actions = vec![
                DraftAction::SaveInALoop(10, commit / 10),
                DraftAction::Plain(Action::Commit),
                DraftAction::Sleep(2_000),
            ];
            Draft {
                spots: vec![(Lane::Sdk, 1, late)],
                plans: vec![(actions, DraftWhenTold::Plain(WhenTold::Stops))],
                commands: vec![(1_000 + delay + crash, DraftCommand::Crash(50))],
                ..activity
            }
        },
    )
}

/// An answer that is so late that a reset started an attempt of the same number meanwhile: the server
/// takes it for that one's.
fn spoken_for() -> impl Strategy<Value = Draft> {
    (activities(), 1_020_u32..1_400, 20_u32..200).prop_map(|(activity, reset, delay)| {
        let late = DraftFate { before: reset + delay, after: 0, loss: Loss::Nothing };
        let ends = vec![DraftAction::Plain(Action::Return(End::Fails))];
        let works = vec![DraftAction::Plain(Action::Commit), DraftAction::Sleep(400)];
        let stops = || DraftWhenTold::Plain(WhenTold::Stops);
        Draft {
            spots: vec![(Lane::Sdk, 1, late)],
            plans: vec![(ends, stops()), (works, stops())],
            commands: vec![
                (500, DraftCommand::Order(Order::Pause)),
                (reset, DraftCommand::Order(Order::Reset { heartbeats: false })),
            ],
            ..activity
        }
    })
}

/// Which activity, and on what terms.
fn activities() -> impl Strategy<Value = Draft> {
    let timeout = prop_oneof![8 => Just(4_u32), 1 => Just(2), 1 => Just(1), 1 => Just(8)];
    let closes = (
        option::weighted(0.15, 600_u32..6_000),
        option::weighted(0.1, 1_500_u32..12_000),
        option::weighted(0.08, 100_u32..3_000),
    );
    let retry = (prop_oneof![Just(1_000_u64), Just(100), 1_u64..20_000], 0_u32..5);
    let limited = bool::weighted(0.2);
    let odd = (bool::weighted(0.3), bool::weighted(0.5));
    (variants(), timeout, closes, retry, limited, odd).prop_map(
        |(variant, timeout_quarters, closes, retry, limited, (forgets, ahead))| Draft {
            variant,
            timeout_quarters,
            start_to_close: closes.0.map(|span| span + 500),
            schedule_to_close: closes.1,
            schedule_to_start: closes.2,
            retry_milliseconds: retry.0,
            attempts: if limited { retry.1 } else { 0 },
            forgets,
            ahead,
            latency: Latency::Milliseconds(0),
            outages: Vec::new(),
            spots: Vec::new(),
            plans: Vec::new(),
            commands: Vec::new(),
            grace: None,
        },
    )
}

/// Those with very many beats take most of the time, and show little that others do not.
fn variants() -> impl Strategy<Value = usize> {
    let is_rapid = |variant: &Variant| {
        variant.heartbeat_interval.is_some_and(|every| variant.heartbeat_timeout > every * 200)
    };
    let place = |rapid| {
        let places = (0..VARIANTS.len()).filter(|place| is_rapid(&VARIANTS[*place]) == rapid);
        sample::select(places.collect::<Vec<_>>())
    };
    prop_oneof![40 => place(false), 1 => place(true)]
}

type Networks = (Latency, Vec<(Span, Span, Loss, Hits)>, Vec<(Lane, u32, DraftFate)>);

fn networks() -> impl Strategy<Value = Networks> {
    let latency = prop_oneof![
        6 => (0_u64..20).prop_map(Latency::Milliseconds),
        2 => (20_u64..400).prop_map(Latency::Milliseconds),
        1 => (1_u32..20).prop_map(Latency::Slow),
    ];
    (latency, vec(outages(), 0..3), vec(spots(), 0..6))
}

fn outages() -> impl Strategy<Value = (Span, Span, Loss, Hits)> {
    let length = prop_oneof![3 => 1_u32..600, 2 => 600_u32..1_500, 1 => 1_500_u32..4_000];
    let loss = prop_oneof![
        3 => Just(Loss::Refused),
        3 => Just(Loss::Swallowed),
        1 => Just(Loss::AnswerLost),
        1 => Just(Loss::Exhausted),
    ];
    let hits = prop_oneof![
        5 => Just(Hits::Everything),
        2 => Just(Hits::Heartbeats),
        2 => Just(Hits::SdkHeartbeats),
        1 => Just(Hits::Namespace),
    ];
    // A namespace may be out of its quota for ever.
    (0_u32..5_000, length, loss, hits).prop_map(|(from, length, loss, hits)| match hits {
        Hits::Namespace => (from / 4, length * 1_000, loss, hits),
        _ => (from, length, loss, hits),
    })
}

fn spots() -> impl Strategy<Value = (Lane, u32, DraftFate)> {
    let lane = prop_oneof![Just(Lane::Ours), Just(Lane::Sdk)];
    let delay = || prop_oneof![2 => Just(0_u32), 2 => 1_u32..100, 1 => 100_u32..2_000];
    let loss = prop_oneof![
        5 => Just(Loss::Nothing),
        2 => Just(Loss::Swallowed),
        2 => Just(Loss::AnswerLost),
        1 => Just(Loss::Refused),
        1 => Just(Loss::Exhausted),
    ];
    let fate = (delay(), delay(), loss);
    let place = prop_oneof![3 => 1_u32..6, 1 => 6_u32..30];
    (lane, place, fate).prop_map(|(lane, place, (before, after, loss))| {
        (lane, place, DraftFate { before, after, loss })
    })
}

fn plans() -> impl Strategy<Value = Vec<(Vec<DraftAction>, DraftWhenTold)>> {
    let when_told = prop_oneof![
        6 => Just(DraftWhenTold::Plain(WhenTold::Stops)),
        2 => (1_u32..1_500).prop_map(DraftWhenTold::CleansUpFor),
        1 => Just(DraftWhenTold::Plain(WhenTold::Completes)),
        1 => Just(DraftWhenTold::Plain(WhenTold::GoesOn)),
    ];
    vec((vec(actions(), 1..9), when_told), 1..4)
}

fn actions() -> impl Strategy<Value = DraftAction> {
    let plain = |action| Just(DraftAction::Plain(action));
    let fit = prop_oneof![
        30 => Just(Fit::Fits),
        1 => Just(Fit::Unserialisable),
        1 => Just(Fit::TooLarge),
    ];
    let end = prop_oneof![
        4 => Just(End::Fails),
        1 => Just(End::FailsForGood),
        1 => Just(End::Panics),
        1 => Just(End::Completes),
        1 => Just(End::Stops),
    ];
    let sleep = prop_oneof![
        2 => 1_u32..60,
        3 => 60_u32..800,
        2 => 800_u32..2_500,
    ];
    prop_oneof![
        8 => sleep.prop_map(DraftAction::Sleep),
        5 => fit.prop_map(|fit| DraftAction::Plain(Action::Save(fit))),
        2 => plain(Action::Update),
        5 => plain(Action::Commit),
        1 => plain(Action::Touch),
        2 => (2_u32..12, 10_u32..200).prop_map(|(times, pause)| DraftAction::SaveInALoop(times, pause)),
        1 => (1_u64..30).prop_map(|time| DraftAction::Plain(Action::Block(time))),
        2 => end.prop_map(|end| DraftAction::Plain(Action::Return(end))),
    ]
}

type Commands = (Vec<(Span, DraftCommand)>, Option<Span>);

fn commands() -> impl Strategy<Value = Commands> {
    let alone = (1_u32..4_000, command()).prop_map(|command| vec![command]);
    let some = vec(prop_oneof![4 => alone, 1 => pairs()], 1..3);
    let commands =
        prop_oneof![2 => Just(Vec::new()).boxed(), 3 => some.prop_map(|it| it.concat()).boxed()];
    (commands, option::weighted(0.7, 1_u32..1_000))
}

fn command() -> impl Strategy<Value = DraftCommand> {
    let away = || prop_oneof![2 => 1_u32..100, 1 => 100_u32..2_500];
    let order = prop_oneof![
        2 => Just(Order::Cancel),
        2 => Just(Order::Pause),
        1 => Just(Order::Unpause),
        1 => Just(Order::Reset { heartbeats: false }),
        1 => Just(Order::Reset { heartbeats: true }),
        1 => Just(Order::Terminate),
    ];
    prop_oneof![
        4 => order.prop_map(DraftCommand::Order),
        2 => away().prop_map(DraftCommand::ShutDown),
        3 => away().prop_map(DraftCommand::Crash),
    ]
}

/// Orders that mean something together: a pause that is over before anyone looked, or that a
/// cancellation follows.
fn pairs() -> impl Strategy<Value = Vec<(Span, DraftCommand)>> {
    let second = prop_oneof![
        Just(Order::Unpause),
        Just(Order::Cancel),
        Just(Order::Reset { heartbeats: false }),
    ];
    (1_u32..3_000, 1_u32..500, second).prop_map(|(at, gap, second)| {
        let order = DraftCommand::Order;
        vec![(at, order(Order::Pause)), (at + gap, order(second))]
    })
}
