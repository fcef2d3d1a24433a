//! The server in the process as one driver of several: what it shows of a schedule, and how much
//! of that depends on some milliseconds.

use std::time::Duration;

use super::{activities::Short, compare::Expected, sample::Sample};
use crate::{
    inprocess::activity::ResetRule,
    schedules::{
        judge::{Verdict, judge},
        run::{Ran, run_with},
        schedule::Schedule,
        story::tell,
    },
};

/// Latencies, and by how much commands come later: what a real server and a busy machine may add.
const SHIFTS: [(u64, u64); 5] = [(2, 0), (1, 20), (5, 60), (12, 120), (2, 200)];

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
    let samples = SHIFTS.map(|(latency, later)| {
        let shifted = shifted(schedule, latency, Duration::from_millis(later));
        let ran = run(&shifted);
        let Verdict { violations, .. } = judge(&shifted, &ran);
        assert!(violations.is_empty(), "{violations:#?}\n{}", tell(&shifted, &ran));
        Sample::of_world(&ran)
    });
    Expected::of(samples.to_vec())
}

/// The server of the tests forgets a later attempt that is reset.
fn shifted(schedule: &Schedule, latency: u64, later: Duration) -> Schedule {
    let mut schedule = schedule.clone();
    schedule.reset = ResetRule::Forgotten;
    schedule.latency = schedule.latency.max(Duration::from_millis(latency));
    for (at, _) in &mut schedule.commands {
        *at = *at + later;
    }
    schedule
}
