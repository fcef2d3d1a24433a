//! How much work is done again after a worker was killed.
//!
//! Activities of every variant begin at random instants of the longest time that the SDK holds a
//! heartbeat back, all in one process, which is then killed: each is hit at an instant of its own.
//! Another worker is there at once, and takes over when the heartbeat timeout is over. Work is what
//! the killed attempt had done past the item that the next one begins with, in its own time.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all, try_join3};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{
    spread::Spread,
    stage::{Running, Stage},
    variant::{TIMEOUTS, Variant, Work},
};
use crate::{environment::eventually, program::say};

/// How many activities of each variant are killed at once.
const EACH: u32 = 5;

/// How long an item takes.
const ITEM_TIME: Duration = Duration::from_millis(5);

/// The youngest that an activity is killed.
const YOUNGEST: Duration = Duration::from_secs(2);

/// Work done again after a kill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// Whose activity.
    pub variant: Variant,
    /// Its heartbeat timeout, in seconds.
    pub timeout: u64,
    /// How long the killed attempt had worked on what was done again, in seconds.
    pub repeated: Spread,
}

/// Measures it at all timeouts, side by side.
pub async fn measure(stage: &Stage, runs: u32) -> anyhow::Result<Vec<Repeats>> {
    let [short, middle, long] = TIMEOUTS.map(|timeout| at(stage, timeout, runs));
    let (short, middle, long) = try_join3(short, middle, long).await?;
    Ok([short, middle, long].concat())
}

async fn at(stage: &Stage, timeout: u64, runs: u32) -> anyhow::Result<Vec<Repeats>> {
    let mut samples = vec![Vec::new(); Variant::ALL.len()];
    for run in 1..=runs {
        say(&format!("repeats: timeout {timeout} s, kill {run} of {runs}"));
        for (of_variant, new) in samples.iter_mut().zip(kill_once(stage, timeout).await?) {
            of_variant.extend(new);
        }
    }
    let row = |(variant, samples)| Repeats { variant, timeout, repeated: Spread::of(samples) };
    Ok(Variant::ALL.into_iter().zip(samples).map(row).collect())
}

/// Kills one worker, and returns what was repeated, in seconds, variant by variant.
async fn kill_once(stage: &Stage, timeout: u64) -> anyhow::Result<Vec<Vec<f64>>> {
    let queue = stage.name("repeats");
    let timeout = Duration::from_secs(timeout);
    let phase = Variant::ByHand.interval(timeout);
    let mut victim = stage.worker(&queue).await?;
    let started = Variant::ALL.map(|variant| {
        let queue = &queue;
        let each = (0..EACH).map(move |_| async move {
            sleep(phase.mul_f64(fastrand::f64())).await;
            stage.start(queue, (variant, Work::Items), timeout, ITEM_TIME, 0).await
        });
        try_join_all(each)
    });
    let killed = async {
        sleep(phase + YOUNGEST).await;
        Ok(victim.kill().await?)
    };
    let (running, ()) = try_join(try_join_all(started), killed).await?;
    let _heir = stage.worker(&queue).await?;
    let limit = timeout + Duration::from_secs(30);
    let mut repeated = Vec::new();
    for activities in &running {
        let mut of_variant = Vec::new();
        for activity in activities {
            of_variant.push(repeated_by(activity, limit).await.as_secs_f64());
        }
        repeated.push(of_variant);
    }
    for activity in running.iter().flatten() {
        activity.end().await;
    }
    Ok(repeated)
}

async fn repeated_by(activity: &Running, limit: Duration) -> Duration {
    let ledger = activity.ledger();
    let is_second = async || ledger.newest().filter(|newest| newest.attempt > 1);
    eventually("the next attempt begins", limit, is_second).await;
    let (next, _) = ledger.beginnings()[1];
    let again: Vec<Duration> =
        ledger.items(1).into_iter().filter_map(|(item, at)| (item >= next).then_some(at)).collect();
    match (again.first(), again.last()) {
        // From the end of the item before to the end of the last: the time that they all took.
        (Some(first), Some(last)) => last.saturating_sub(*first) + ITEM_TIME,
        _ => Duration::ZERO,
    }
}
