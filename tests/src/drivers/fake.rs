//! The server in the process as one driver of several: what it shows of a schedule, and how much
//! of that depends on some milliseconds.

use std::time::Duration;

use super::{activities::Short, compare::Expected, sample::Sample};
use crate::{
    inprocess::{Skew, activity::ResetRule},
    schedules::{
        judge::{Verdict, judge},
        run::{Ran, run_with},
        schedule::Schedule,
        story::tell,
    },
};

/// What a real server and a busy machine may add to a schedule.
#[derive(Clone, Copy)]
struct Shift {
    /// How long a call takes each way.
    latency: u64,
    /// By how much commands come later.
    commands: i64,
    /// By how much the next attempt starts later.
    retry: u64,
    skew: Skew,
}

const fn shift(latency: u64, commands: i64, retry: u64) -> Shift {
    Shift { latency, commands, retry, skew: Skew::Behind }
}

const SHIFTS: [Shift; 14] = [
    shift(2, 0, 0),
    shift(1, -200, 0),
    shift(1, -80, 60),
    shift(5, -20, 150),
    shift(5, 20, 0),
    shift(5, 60, 300),
    shift(15, 120, 60),
    shift(15, 200, 0),
    shift(30, 300, 150),
    shift(2, 300, 300),
    shift(2, -200, 300),
    shift(2, 0, 500),
    shift(5, 100, 500),
    // A worker that knows of some of its way: its deadline comes before that of its server.
    Shift { skew: Skew::Ahead, ..shift(5, 40, 100) },
];

/// Runs a schedule once, as it is.
#[must_use]
pub fn run(schedule: &Schedule) -> Ran {
    run_with(schedule, Short::new)
}

/// What a real server must show of a schedule.
///
/// # Panics
///
/// Where the schedule breaks a rule in the process already.
#[must_use]
pub fn expect(schedule: &Schedule) -> Expected {
    let samples = SHIFTS.map(|shift| {
        let shifted = shift.of(schedule);
        let ran = run(&shifted);
        let Verdict { violations, .. } = judge(&shifted, &ran);
        assert!(violations.is_empty(), "{violations:#?}\n{}", tell(&shifted, &ran));
        Sample::of_world(&ran)
    });
    Expected::of(samples.to_vec())
}

impl Shift {
    fn of(self, schedule: &Schedule) -> Schedule {
        let mut schedule = schedule.clone();
        // As the server of the tests does it.
        schedule.reset = ResetRule::Forgotten;
        schedule.skew = self.skew;
        schedule.latency = schedule.latency.max(Duration::from_millis(self.latency));
        schedule.retry.initial += Duration::from_millis(self.retry);
        schedule.retry.maximum += Duration::from_millis(self.retry);
        let by = Duration::from_millis(self.commands.unsigned_abs());
        for (at, _) in &mut schedule.commands {
            *at = if self.commands < 0 { *at - by } else { *at + by };
        }
        schedule
    }
}
