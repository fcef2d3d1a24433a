//! Schedules that are short enough for a real clock, and ask for nothing that only the server in
//! the process has.

mod drawn;
mod written;

pub use self::{
    drawn::drawn,
    written::{deadline, give_up, lease, quiet, stall, written},
};

use std::time::Duration;

use crate::{
    inprocess::{Moment, activity::Retry, history::Fit},
    schedules::{
        schedule::{Action, Command, Plan, Schedule, WhenTold},
        variants::Variant,
    },
};

/// A schedule and what it is about.
#[derive(Clone, Debug)]
pub struct Named {
    /// What it is about.
    pub name: String,
    /// The schedule.
    pub schedule: Schedule,
}

const SAVE: Action = Action::Save(Fit::Fits);

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

const fn at(milliseconds: u64) -> Moment {
    Moment::after(Duration::from_millis(milliseconds))
}

const fn sleep(milliseconds: u64) -> Action {
    Action::Sleep(Duration::from_millis(milliseconds))
}

fn plan(actions: &[Action]) -> Plan {
    Plan { actions: actions.to_vec(), when_told: WhenTold::Stops }
}

/// A variant whose attempts do this, and are soon followed by the next.
fn attempts(variant: &'static Variant, plans: Vec<Plan>) -> Schedule {
    let delay = milliseconds(200);
    let retry = Retry { initial: delay, coefficient: 1.0, maximum: delay, attempts: 0 };
    Schedule { retry, plans, ..Schedule::healthy(variant) }
}

impl Named {
    fn new(name: &str, schedule: Schedule) -> Self {
        Self { name: name.to_owned(), schedule }
    }

    /// The same, with a command given then.
    fn then(mut self, milliseconds: u64, command: Command) -> Self {
        self.schedule.commands.push((at(milliseconds), command));
        self
    }

    /// The same, changed.
    fn with(mut self, change: impl FnOnce(&mut Schedule)) -> Self {
        change(&mut self.schedule);
        self
    }
}
