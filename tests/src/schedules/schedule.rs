//! What happens in a world, drawn or written by hand: everything but chance.

use std::time::Duration;

use crate::inprocess::{
    Moment, Skew,
    activity::{ResetRule, Retry, Terms},
    history::{End, Fit, Lane, Order},
    network::{Fate, Hits, Network, Outage},
};

use super::variants::Variant;

/// What happens in a world.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Under which options the activity was written.
    pub variant: &'static Variant,
    /// On what terms it is scheduled.
    pub timeouts: Timeouts,
    /// When it is tried again.
    pub retry: Retry,
    /// What a reset does.
    pub reset: ResetRule,
    /// How the worker's time of day differs.
    pub skew: Skew,
    /// How long every call takes to the server, and every answer back.
    pub latency: Duration,
    /// When calls are lost.
    pub outages: Vec<Outage>,
    /// What happens to single calls: on this lane, the one of this number.
    pub spots: Vec<(Lane, u32, Fate)>,
    /// What the body of each attempt does, in the order in which they start; those after the last
    /// complete at once.
    pub plans: Vec<Plan>,
    /// What happens from outside, in order.
    pub commands: Vec<(Moment, Command)>,
    /// After how long a worker that shuts down tells its activities.
    pub grace: Option<Duration>,
}

/// The four timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How long an attempt may go without a heartbeat.
    pub heartbeat: Duration,
    /// How long one attempt may take.
    pub start_to_close: Duration,
    /// How long all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// How long an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
}

/// What the body of one attempt does.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What it does, one after the other; at the end it completes.
    pub actions: Vec<Action>,
    /// What it does when it is told to stop.
    pub when_told: WhenTold,
}

/// What a body does when it is told to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenTold {
    /// It stops.
    #[default]
    Stops,
    /// It cleans up for this long, then stops.
    CleansUpFor(Duration),
    /// It completes.
    Completes,
    /// It goes on as if nothing were said.
    GoesOn,
}

/// One thing that a body does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Saves the next value.
    Save(Fit),
    /// Puts the next value in place.
    Update,
    /// Commits the next value.
    Commit,
    /// Says that it moves.
    Touch,
    /// Sleeps.
    Sleep(Duration),
    /// Saves this often, and sleeps this long after each.
    SaveInALoop(u32, Duration),
    /// Keeps its thread for some microseconds.
    Block(u64),
    /// Returns.
    Return(End),
}

/// What happens from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Something is done to the activity.
    Order(Order),
    /// The worker shuts down; another one begins this long after it ended.
    ShutDown(Duration),
    /// The worker is gone; another one begins this long after.
    Crash(Duration),
}

impl Plan {
    /// How long it takes where nothing stops it.
    fn longest(&self) -> Duration {
        let actions = self.actions.iter().map(|action| match action {
            Action::Sleep(duration) => *duration,
            Action::SaveInALoop(times, pause) => *pause * *times,
            _ => Duration::ZERO,
        });
        let cleanup = match self.when_told {
            WhenTold::CleansUpFor(duration) => duration,
            _ => Duration::ZERO,
        };
        actions.sum::<Duration>() + cleanup
    }
}

/// The limit of every world for details: small, so that large ones are cheap.
pub const DETAILS_LIMIT: usize = 8 * 1024;

impl Schedule {
    /// A variant with its own timeouts on a healthy network, and nothing else.
    #[must_use]
    pub fn healthy(variant: &'static Variant) -> Self {
        Self {
            variant,
            timeouts: Timeouts {
                heartbeat: variant.heartbeat_timeout,
                start_to_close: Duration::from_hours(24),
                schedule_to_close: None,
                schedule_to_start: None,
            },
            retry: Retry::default(),
            reset: ResetRule::Told,
            skew: Skew::Behind,
            latency: Duration::from_millis(2),
            outages: Vec::new(),
            spots: Vec::new(),
            plans: Vec::new(),
            commands: Vec::new(),
            grace: None,
        }
    }

    /// How often the heartbeat goes out.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.variant.interval(self.heartbeat_timeout())
    }

    /// The heartbeat timeout in force: never above the time that an attempt may take.
    #[must_use]
    pub fn heartbeat_timeout(&self) -> Duration {
        self.timeouts.heartbeat.min(self.start_to_close())
    }

    /// How long an attempt may take.
    #[must_use]
    pub fn start_to_close(&self) -> Duration {
        let timeouts = self.timeouts;
        timeouts
            .schedule_to_close
            .map_or(timeouts.start_to_close, |whole| timeouts.start_to_close.min(whole))
    }

    /// How long a call and its answer take where nothing happens to them.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        self.latency * 2
    }

    /// When all that was planned to go wrong is over.
    #[must_use]
    pub fn healed(&self) -> Moment {
        let namespace = |outage: &&Outage| outage.hits != Hits::Namespace;
        let outages = self.outages.iter().filter(namespace).map(|outage| outage.to);
        let commands = self.commands.iter().map(|(at, command)| match command {
            Command::Order(_) => *at,
            Command::ShutDown(away) | Command::Crash(away) => *at + *away,
        });
        outages.chain(commands).max().unwrap_or_default()
    }

    /// How long an attempt may go on at most after the network healed, with all that follows.
    pub(crate) fn longest_attempt(&self) -> Duration {
        let bodies = self.plans.iter().map(Plan::longest).max().unwrap_or_default();
        let grace = self.variant.cancel_grace.unwrap_or_default();
        bodies + grace + self.timeouts.heartbeat * 2 + Duration::from_secs(10)
    }

    /// How long a worker that shuts down may take: the SDK waits for a report that is open.
    pub(super) fn longest_shutdown(&self) -> Duration {
        self.longest_attempt() + self.grace.unwrap_or_default() + Duration::from_secs(100)
    }

    /// When the activity must have ended.
    #[must_use]
    pub fn limit(&self) -> Moment {
        // A poll that was swallowed is sent again after 70 s.
        let one = self.longest_attempt() + self.retry.maximum + Duration::from_secs(90);
        let attempts = self.plans.len() + self.spots.len() + self.commands.len() + 2;
        self.healed() + one * u32::try_from(attempts).unwrap_or(u32::MAX)
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            activity_type: self.variant.name.to_owned(),
            heartbeat_timeout: Some(self.timeouts.heartbeat),
            start_to_close: self.timeouts.start_to_close,
            schedule_to_close: self.timeouts.schedule_to_close,
            schedule_to_start: self.timeouts.schedule_to_start,
            retry: self.retry,
            details_limit: DETAILS_LIMIT,
            reset: self.reset,
        }
    }

    pub(crate) fn network(&self) -> Network {
        Network {
            latency: self.latency,
            outages: self.outages.clone(),
            spots: self.spots.iter().map(|(lane, place, fate)| ((*lane, *place), *fate)).collect(),
        }
    }
}
