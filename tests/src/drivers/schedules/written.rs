//! Schedules written by hand: each rule of a server that others rest on, once.

use super::{
    super::activities::{ONE, TWO, TWO_AT_800, TWO_AT_ONCE, TWO_STALLS},
    Named, SAVE, at, attempts, milliseconds, plan, sleep,
};
use crate::{
    inprocess::{
        history::{End, Fit, Order},
        network::{Hits, Loss, Outage},
    },
    schedules::schedule::{Action, Command, Plan, WhenTold},
};

/// All of them.
#[must_use]
pub fn written() -> Vec<Named> {
    [answers(), orders(), resets(), workers(), networks()].concat()
}

fn new(name: &str, plans: Vec<Plan>) -> Named {
    Named::new(name, attempts(&TWO, plans))
}

/// A first attempt that waits for whatever comes.
fn waiting(name: &str) -> Named {
    new(name, vec![plan(&[SAVE, SAVE, sleep(10_000)])])
}

fn waiting_and(name: &str, when_told: WhenTold) -> Named {
    waiting(name).with(|schedule| schedule.plans[0].when_told = when_told)
}

fn ordered(order: Order) -> Command {
    Command::Order(order)
}

fn fails_after(milliseconds: u64, saves: usize, end: End) -> Plan {
    let mut actions = vec![SAVE; saves];
    actions.extend([sleep(milliseconds), Action::Return(end)]);
    plan(&actions)
}

fn answers() -> Vec<Named> {
    let commits = plan(&[SAVE, Action::Commit, sleep(100), Action::Return(End::Fails)]);
    let cannot = plan(&[
        SAVE,
        sleep(1_000),
        Action::Save(Fit::Unserialisable),
        sleep(1_000),
        Action::Return(End::Fails),
    ]);
    vec![
        new("completes", vec![plan(&[SAVE, sleep(1_500), SAVE])]),
        new("fails at once, then goes on", vec![fails_after(1, 3, End::Fails)]),
        new("fails after a beat, then goes on", vec![fails_after(1_000, 3, End::Fails)]),
        new("fails for good", vec![fails_after(100, 2, End::FailsForGood)]),
        new("panics, then goes on", vec![fails_after(300, 2, End::Panics)]),
        new("commits, fails, then goes on", vec![commits]),
        new("a value that cannot be serialised", vec![cannot]),
        new("fails as often as it may", vec![fails_after(100, 1, End::Fails); 3])
            .with(|schedule| schedule.retry.attempts = 2),
    ]
}

fn orders() -> Vec<Named> {
    vec![
        waiting("cancelled").then(1_000, ordered(Order::Cancel)),
        waiting_and("cancelled, and completes", WhenTold::Completes)
            .then(1_000, ordered(Order::Cancel)),
        waiting_and("cancelled, and cleans up", WhenTold::CleansUpFor(milliseconds(1_000)))
            .then(1_000, ordered(Order::Cancel)),
        waiting_and("cancelled, and dropped", WhenTold::GoesOn)
            .with(|schedule| schedule.variant = &TWO_AT_ONCE)
            .then(1_000, ordered(Order::Cancel)),
        new("cancelled between two attempts", vec![fails_after(100, 1, End::Fails)])
            .with(|schedule| {
                schedule.retry.initial = milliseconds(3_000);
                schedule.retry.maximum = milliseconds(3_000);
            })
            .then(1_000, ordered(Order::Cancel)),
        waiting("paused, then unpaused")
            .then(1_000, ordered(Order::Pause))
            .then(3_000, ordered(Order::Unpause)),
        new("paused between two attempts", vec![fails_after(100, 1, End::Fails)])
            .with(|schedule| {
                schedule.retry.initial = milliseconds(1_000);
                schedule.retry.maximum = milliseconds(1_000);
            })
            .then(600, ordered(Order::Pause))
            .then(2_500, ordered(Order::Unpause)),
        waiting("paused, then cancelled")
            .then(1_000, ordered(Order::Pause))
            .then(3_000, ordered(Order::Cancel)),
        waiting_and("paused, and completes", WhenTold::Completes)
            .then(1_000, ordered(Order::Pause)),
        waiting("terminated").then(1_000, ordered(Order::Terminate)),
    ]
}

fn resets() -> Vec<Named> {
    let second = || {
        new(
            "a second attempt is reset",
            vec![fails_after(100, 2, End::Fails), plan(&[SAVE, sleep(10_000)])],
        )
    };
    vec![
        waiting("reset").then(1_000, ordered(Order::Reset { heartbeats: false })),
        waiting("reset with its heartbeats")
            .then(1_000, ordered(Order::Reset { heartbeats: true })),
        second().then(2_600, ordered(Order::Reset { heartbeats: false })),
        new("reset between two attempts", vec![fails_after(100, 2, End::Fails)])
            .with(|schedule| {
                schedule.retry.initial = milliseconds(4_000);
                schedule.retry.maximum = milliseconds(4_000);
            })
            .then(1_000, ordered(Order::Reset { heartbeats: false })),
        // Its token names the number that the next attempt has.
        new(
            "reset soon after a failure",
            vec![fails_after(1_000, 1, End::Fails), plan(&[SAVE, sleep(2_500)])],
        )
        .with(|schedule| {
            schedule.retry.initial = milliseconds(3_000);
            schedule.retry.maximum = milliseconds(3_000);
        })
        .then(1_300, ordered(Order::Reset { heartbeats: false })),
        waiting("paused, then reset")
            .then(1_000, ordered(Order::Pause))
            .then(3_000, ordered(Order::Reset { heartbeats: false })),
    ]
}

fn workers() -> Vec<Named> {
    let commits = plan(&[Action::Commit, sleep(10_000)]);
    let gone = milliseconds(100);
    vec![
        new("commits, then its worker crashes", vec![commits]).then(1_000, Command::Crash(gone)),
        waiting("its worker crashes after a beat").then(1_300, Command::Crash(gone)),
        waiting("its worker crashes before a beat").then(300, Command::Crash(gone)),
        Named::new(
            "its worker crashes twice",
            attempts(&ONE, vec![plan(&[SAVE, sleep(10_000)]); 2]),
        )
        .then(700, Command::Crash(gone))
        .then(3_100, Command::Crash(gone)),
        waiting("its worker shuts down")
            .with(|schedule| schedule.grace = Some(milliseconds(100)))
            .then(1_000, Command::ShutDown(gone)),
        new("completes while its worker shuts down", vec![plan(&[SAVE, sleep(1_500)])])
            .then(1_000, Command::ShutDown(gone)),
    ]
}

fn lost(name: &str, from: u64, to: u64, loss: Loss, hits: Hits) -> Named {
    let outage = Outage { from: at(from), to: at(to), loss, hits };
    waiting(name).with(|schedule| schedule.outages.push(outage))
}

fn networks() -> Vec<Named> {
    let ends_at = |milliseconds| vec![plan(&[SAVE, sleep(milliseconds)])];
    vec![
        lost("heartbeats swallowed for a while", 900, 1_900, Loss::Swallowed, Hits::Heartbeats)
            .with(|schedule| schedule.plans = ends_at(4_000)),
        lost("heartbeats refused for a while", 900, 1_900, Loss::Refused, Hits::Heartbeats)
            .with(|schedule| schedule.plans = ends_at(4_000)),
        lost("a server with too much to do", 900, 1_900, Loss::Exhausted, Hits::Heartbeats)
            .with(|schedule| schedule.plans = ends_at(4_000)),
        lost("answers to heartbeats lost", 300, 4_500, Loss::AnswerLost, Hits::Heartbeats),
        waiting("a deadline for all attempts")
            .with(|schedule| schedule.timeouts.schedule_to_close = Some(milliseconds(3_000))),
        lost("refused while it completes", 1_000, 1_500, Loss::Refused, Hits::Everything)
            .with(|schedule| schedule.plans = ends_at(1_200)),
    ]
}

/// A body that does not move.
#[must_use]
pub fn stall() -> Named {
    waiting("a stall").with(|schedule| schedule.variant = &TWO_STALLS)
}

/// Nothing is heard of an attempt for longer than its timeout.
#[must_use]
pub fn lease() -> Named {
    lost("a lease that is lost", 300, 4_500, Loss::Swallowed, Hits::Heartbeats)
}

/// An attempt that takes too long.
#[must_use]
pub fn deadline() -> Named {
    waiting("a deadline").with(|schedule| schedule.timeouts.start_to_close = milliseconds(2_500))
}

/// Nothing of the SDK's lane arrives, so that the SDK gives the attempt up after 7 s.
#[must_use]
pub fn give_up() -> Named {
    lost("given up by the SDK", 0, 30_000, Loss::Swallowed, Hits::SdkHeartbeats)
        .with(|schedule| schedule.plans = vec![plan(&[SAVE, sleep(9_000), SAVE])])
}

/// Twelve seconds in which nothing happens, but a value ten times a second.
#[must_use]
pub fn quiet() -> Named {
    new("twelve seconds", vec![plan(&[Action::SaveInALoop(120, milliseconds(100))])])
        .with(|schedule| schedule.variant = &TWO_AT_800)
}
