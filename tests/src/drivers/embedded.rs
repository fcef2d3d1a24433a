//! A schedule on the embedded engine, on a paused clock.
//!
//! There it has a meaning where nothing is asked of a server: its commands are a crash, which is a
//! run that is dropped, and a shutdown, which is its token. The retry policy is the default one,
//! and after a crash the next attempt begins at once, since nobody waits for a heartbeat.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use autobeat::{
    Cancellation, Checkpoint,
    embedded::{Embedded, EmbeddedError},
};
use temporalio_sdk::activities::ActivityError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    activities::{TWO, TWO_STALLS},
    record::Record,
    sample::{Ending, Sample},
};
use crate::{
    inprocess::{Moment, activity::Retry, history::WorkerStep},
    schedules::{
        body::{Bodies, State},
        schedule::{Command, Schedule, Timeouts},
        witness::Witness,
    },
};

type Stages = HashMap<u64, (Record, Arc<Bodies>)>;

/// Where a function finds its bodies: it is handed nothing but its input.
static STAGES: LazyLock<Mutex<Stages>> = LazyLock::new(Mutex::default);

fn stages() -> MutexGuard<'static, Stages> {
    STAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

type Return = Result<u64, ActivityError>;

async fn attempt(saved: Checkpoint<State>, told: Cancellation, stage: u64) -> Return {
    let found = stages().get(&stage).cloned();
    let (record, bodies) = found.context("a stage that is set")?;
    let number = u32::try_from(record.starts()).context("a few attempts")? + 1;
    let token = record.start(number.to_be_bytes().to_vec(), number);
    bodies.run(saved, told, token.0).await
}

/// Two seconds.
#[autobeat::activity(heartbeat_timeout = "2s")]
async fn embedded_two(saved: Checkpoint<State>, told: Cancellation, stage: u64) -> Return {
    attempt(saved, told, stage).await
}

/// Must move.
#[autobeat::activity(heartbeat_timeout = "2s", stall_timeout = "1s")]
async fn embedded_stalls(saved: Checkpoint<State>, told: Cancellation, stage: u64) -> Return {
    attempt(saved, told, stage).await
}

/// The schedule as the engine would run it, where it has a meaning there.
#[must_use]
pub fn fitting(schedule: &Schedule) -> Option<Schedule> {
    let is_plain = |(_, command): &(Moment, Command)| !matches!(command, Command::Order(_));
    let variant = schedule.variant;
    let plain =
        Timeouts { heartbeat: variant.heartbeat_timeout, ..Schedule::healthy(variant).timeouts };
    let fits = [&TWO, &TWO_STALLS].contains(&variant)
        && schedule.timeouts == plain
        && schedule.retry.attempts == 0
        && schedule.outages.is_empty()
        && schedule.spots.is_empty()
        && schedule.commands.iter().all(is_plain);
    fits.then(|| Schedule {
        retry: Retry::default(),
        grace: Some(Duration::ZERO),
        ..schedule.clone()
    })
}

/// Runs a schedule.
///
/// # Errors
///
/// Where the store fails, or the activity does not end.
pub async fn play(schedule: &Schedule) -> anyhow::Result<Sample> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let stage = COUNT.fetch_add(1, Ordering::Relaxed);
    let record = Record::default();
    let bodies = Bodies::new(Arc::new(record.clone()), &schedule.plans);
    stages().insert(stage, (record.clone(), Arc::new(bodies)));
    let folder = tempfile::tempdir()?;
    let engine = Embedded::open(folder.path().join("progress.redb"))?;
    let ending = direct(schedule, &engine, stage, &record).await;
    stages().remove(&stage);
    let sample = Sample::of(ending?, &record.history());
    if let Ending::Failed(_) = sample.ending {
        let stored = engine.stored::<State>("it")?.context("a failure keeps what was stored")?;
        anyhow::ensure!(
            usize::try_from(stored.attempt) == Ok(sample.attempts.len()),
            "attempt {} is stored of {sample}",
            stored.attempt
        );
    }
    Ok(sample)
}

async fn direct(
    schedule: &Schedule,
    engine: &Embedded,
    stage: u64,
    record: &Record,
) -> anyhow::Result<Ending> {
    let mut commands = schedule.commands.iter().copied();
    loop {
        record.step(WorkerStep::Began);
        let shutdown = CancellationToken::new();
        let mut running = Box::pin(run(schedule, engine, stage, shutdown.clone()));
        let command = commands.next();
        let wait = command.map_or(Duration::from_hours(1), |(at, _)| at.since(record.now()));
        let (result, away) = match (timeout(wait, &mut running).await, command) {
            (Ok(result), _) => (Some(result), Duration::ZERO),
            (Err(_), Some((_, Command::ShutDown(away)))) => {
                shutdown.cancel();
                (Some((&mut running).await), away)
            }
            (Err(_), Some((_, Command::Crash(away)))) => (None, away),
            (Err(error), _) => return Err(error).context("it does not end"),
        };
        record.step(if result.is_some() { WorkerStep::Ended } else { WorkerStep::Crashed });
        drop(running);
        match result {
            Some(Ok(_)) => return Ok(Ending::Completed),
            Some(Err(error)) if error.is_failed() => {
                return Ok(Ending::Failed(error.failure_type().unwrap_or_default().to_owned()));
            }
            Some(Err(error)) if !error.is_interrupted() => return Err(error.into()),
            _ => sleep(away).await,
        }
    }
}

async fn run(
    schedule: &Schedule,
    engine: &Embedded,
    stage: u64,
    shutdown: CancellationToken,
) -> Result<u64, EmbeddedError> {
    if schedule.variant == &TWO_STALLS {
        engine.run_until(embedded_stalls, "it", stage, shutdown).await
    } else {
        engine.run_until(embedded_two, "it", stage, shutdown).await
    }
}
