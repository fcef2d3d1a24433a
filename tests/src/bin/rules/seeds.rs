//! The first seed whose schedule breaks a rule.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// How many seeds are tried in one go: most mutations are noticed early.
const STAGES: [u64; 4] = [50, 500, 3_000, u64::MAX];

/// How long one stage may take, and what is added for each of its seeds, many times what that takes: a program
/// that never ends was stopped by nobody.
const PATIENCE: Duration = Duration::from_mins(2);
const PATIENCE_A_SEED: Duration = Duration::from_millis(100);

/// A rule that was broken.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Which one; by the first seed that broke any.
    pub(crate) rule: String,
    /// How many seeds it took.
    pub(crate) seeds: u64,
}

/// Runs seeds from 1 on until one breaks a rule.
pub(crate) fn first_broken(program: &Path, count: u64) -> Result<Option<Broken>> {
    let mut tried = 0;
    for stage in STAGES {
        let end = stage.min(count);
        if tried == end {
            continue;
        }
        let arguments = [("--seed", tried + 1), ("--count", end - tried), ("--stories", 0)];
        let mut schedules = Command::new(program);
        for (name, value) in arguments {
            schedules.arg(name).arg(value.to_string());
        }
        let Some(ended) = wait_for(&mut schedules, end - tried)? else {
            return Ok(Some(Broken { rule: "it never ends".to_owned(), seeds: end }));
        };
        let said = String::from_utf8_lossy(&ended.stdout);
        if let Some(broken) = earliest(&said) {
            return Ok(Some(broken));
        }
        ensure!(ended.status.success(), "{said}");
        tried = end;
    }
    Ok(None)
}

/// What it said once it ended; nothing where it does not.
fn wait_for(program: &mut Command, seeds: u64) -> Result<Option<Output>> {
    // What panics in a world says so at length; what is left is less than a pipe holds.
    let mut running =
        program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("schedules")?;
    let began = Instant::now();
    let patience = PATIENCE + PATIENCE_A_SEED * u32::try_from(seeds)?;
    while running.try_wait()?.is_none() {
        if began.elapsed() > patience {
            running.kill()?;
            running.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(Some(running.wait_with_output()?))
}

/// The rule of the earliest of the seeds that are said to break one.
fn earliest(said: &str) -> Option<Broken> {
    let broken = said.lines().filter_map(|line| {
        let (_, broken) = line.split_once("BROKEN ")?;
        let (rule, seeds) = broken.split_once(": seeds ")?;
        let seeds = seeds.split(", ").filter_map(|seed| seed.parse().ok()).min()?;
        Some(Broken { rule: rule.to_owned(), seeds })
    });
    broken.min_by_key(|broken| broken.seeds)
}
