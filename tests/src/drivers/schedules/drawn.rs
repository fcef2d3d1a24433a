//! Short schedules drawn from a seed: a few attempts, and one thing that happens to them.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_oneof, sample,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    super::activities::{ONE, TWO, TWO_AT_ONCE},
    Named, SAVE, at, attempts, milliseconds, sleep,
};
use crate::{
    inprocess::{
        history::{End, Order},
        network::{Hits, Loss, Outage},
    },
    schedules::schedule::{Action, Command, Plan, Schedule, WhenTold},
};

/// The schedule of a seed: always the same one.
///
/// # Panics
///
/// Never: nothing that is drawn is rejected.
#[must_use]
pub fn drawn(seed: u64) -> Named {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), chance);
    let tree = schedules().new_tree(&mut runner).expect("nothing is rejected");
    Named::new(&format!("seed {seed}"), tree.current())
}

/// What happens to the attempts.
#[derive(Clone, Debug)]
enum Happens {
    Commands(Vec<(u64, Command)>),
    Lost(u64, u64, Loss),
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let variants = sample::select(vec![&ONE, &TWO, &TWO_AT_ONCE]);
    let retry = 50_u64..600;
    (variants, vec(plans(), 1..4), happens(), retry).prop_map(|(variant, plans, happens, retry)| {
        let mut schedule = attempts(variant, plans);
        schedule.retry.initial = milliseconds(retry);
        schedule.retry.maximum = milliseconds(retry);
        schedule.grace = Some(milliseconds(50));
        match happens {
            Happens::Commands(commands) => {
                let moment = |(then, command)| (at(then), command);
                schedule.commands = commands.into_iter().map(moment).collect();
            }
            Happens::Lost(from, length, loss) => schedule.outages.push(Outage {
                from: at(from),
                to: at(from + length),
                loss,
                hits: Hits::Heartbeats,
            }),
        }
        schedule
    })
}

fn plans() -> impl Strategy<Value = Plan> {
    let action = prop_oneof![
        3 => Just(SAVE),
        1 => Just(Action::Update),
        1 => Just(Action::Commit),
        3 => (100_u64..1_800).prop_map(sleep),
    ];
    let end = prop_oneof![
        2 => Just(End::Completes),
        3 => Just(End::Fails),
        1 => Just(End::Panics),
    ];
    let when_told = prop_oneof![
        4 => Just(WhenTold::Stops),
        1 => Just(WhenTold::Completes),
        1 => (50_u64..500).prop_map(|time| WhenTold::CleansUpFor(milliseconds(time))),
    ];
    (vec(action, 2..6), end, when_told).prop_map(|(mut actions, end, when_told)| {
        actions.push(Action::Return(end));
        Plan { actions, when_told }
    })
}

fn happens() -> impl Strategy<Value = Happens> {
    let command = prop_oneof![
        Just(Command::Order(Order::Cancel)),
        Just(Command::Order(Order::Pause)),
        Just(Command::Order(Order::Reset { heartbeats: false })),
        Just(Command::Order(Order::Reset { heartbeats: true })),
        Just(Command::Order(Order::Terminate)),
        (50_u64..400).prop_map(|away| Command::Crash(milliseconds(away))),
        (50_u64..400).prop_map(|away| Command::ShutDown(milliseconds(away))),
    ];
    let loss = prop_oneof![Just(Loss::Swallowed), Just(Loss::Refused), Just(Loss::AnswerLost)];
    prop_oneof![
        7 => (300_u64..2_500, command).prop_map(|(then, command)| {
            let mut commands = vec![(then, command)];
            if command == Command::Order(Order::Pause) {
                commands.push((then + 1_500, Command::Order(Order::Unpause)));
            }
            Happens::Commands(commands)
        }),
        2 => (200_u64..1_500, 200_u64..1_500, loss)
            .prop_map(|(from, length, loss)| Happens::Lost(from, length, loss)),
    ]
}
