//! Runs a schedule in a world of its own, from its first worker to its last.

use std::{sync::Arc, time::Duration};

use temporalio_sdk::activities::ActivityImplementer;

use super::{
    body::{Bodies, in_memory},
    schedule::{Command, Schedule},
};
use crate::inprocess::{
    Moment, World,
    activity::Closed,
    history::Event,
    worker::{Control, live, options},
};

/// What came of a schedule.
#[derive(Debug)]
pub struct Ran {
    /// Everything that happened.
    pub history: Vec<Event>,
    /// How the activity ended, if it did.
    pub closed: Option<Closed>,
    /// Whether the last worker shut down by itself.
    pub has_shut_down: bool,
    /// How often the workers' threads went to sleep.
    pub parks: u64,
    /// How many states and bodies were in memory when all was over.
    pub left_in_memory: (usize, usize),
    /// How long it took in the world.
    pub took: Duration,
}

/// Runs a schedule.
#[must_use]
pub fn run(schedule: &Schedule) -> Ran {
    run_with(schedule, |bodies| bodies)
}

/// Runs a schedule whose variant is one of other activities than the usual ones.
#[must_use]
pub fn run_with<A: ActivityImplementer>(
    schedule: &Schedule,
    activities: impl Fn(Bodies) -> A,
) -> Ran {
    let before = in_memory();
    // The runtime's jitter: the same in every run of a schedule.
    fastrand::seed(0);
    let world = World::new(schedule.terms(), schedule.network(), schedule.skew);
    let mut director = Director { schedule, world: &world, next: 0, after: None, left: (0, 0) };
    let bodies = Bodies::new(Arc::new(world.clone()), &schedule.plans);
    let mut parks = 0;
    let has_shut_down = loop {
        let options = options(activities(bodies.clone()), schedule.grace);
        let life = live(&world, options, async |control| {
            director.direct(&control).await;
        });
        parks += life.parks;
        match director.after.take() {
            Some(away) => world.pass(away),
            None => break life.has_shut_down,
        }
    };
    Ran {
        closed: world.closed(),
        has_shut_down,
        parks,
        left_in_memory: (director.left.0 - before.0, director.left.1 - before.1),
        took: world.now().since_begin(),
        history: world.end(),
    }
}

/// Gives the commands of a schedule, worker after worker.
struct Director<'a> {
    schedule: &'a Schedule,
    world: &'a World,
    /// The next command.
    next: usize,
    /// How long nobody is there after this worker, if another one follows.
    after: Option<Duration>,
    /// What was in memory when all was over, while the last worker still lived.
    left: (usize, usize),
}

impl Director<'_> {
    /// Directs one worker; it crashes when this is done.
    async fn direct(&mut self, control: &Control<'_>) {
        while let Some((at, command)) = self.schedule.commands.get(self.next).copied() {
            if !self.wait_until(at).await {
                break;
            }
            self.next += 1;
            match command {
                Command::Order(order) => self.world.order(order),
                Command::Crash(away) => {
                    self.after = Some(away);
                    return;
                }
                Command::ShutDown(away) => {
                    self.after = Some(away);
                    control.shut_down();
                    return self.while_shutting_down().await;
                }
            }
        }
        self.wait_until(Moment::after(Duration::MAX)).await;
        // Whatever still goes on of the activity must come to its end.
        let troubled = self.schedule.healed().since(self.world.now());
        tokio::time::sleep(troubled + self.schedule.longest_attempt()).await;
        self.left = in_memory();
        control.shut_down();
        tokio::time::sleep(self.schedule.longest_shutdown()).await;
    }

    /// Orders are given while a worker shuts down, too; a worker that takes too long crashes.
    async fn while_shutting_down(&mut self) {
        let end = self.world.now() + self.schedule.longest_shutdown();
        while let Some((at, Command::Order(order))) = self.schedule.commands.get(self.next).copied()
        {
            if at >= end {
                break;
            }
            tokio::time::sleep(at.since(self.world.now())).await;
            self.next += 1;
            self.world.order(order);
        }
        tokio::time::sleep(end.since(self.world.now())).await;
    }

    /// Waits; `false` when the activity is over first, or takes too long.
    async fn wait_until(&self, at: Moment) -> bool {
        let look = (self.schedule.timeouts.heartbeat / 4).max(Duration::from_millis(100));
        let limit = self.schedule.limit();
        loop {
            let now = self.world.now();
            if self.world.closed().is_some() || now >= limit {
                return false;
            }
            if now >= at {
                return true;
            }
            tokio::time::sleep(at.since(now).min(look)).await;
        }
    }
}
